import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { createApp, createWorker, type } from '@tq/core'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { afterAll, expect, inject, test } from 'vitest'
import { startOwnSqs } from '../../packages/sqs/test/services/own.ts'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'
import { until } from './feature.ts'

// A call's `group` is SQS's MessageGroupId.
const folder = mkdtempSync(join(tmpdir(), 'tq-sqs-groups-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const namespaceOf = () => randomUUID().replaceAll('-', '')

function appOn(endpoint: string, options: string, namespace = namespaceOf()) {
  return createApp({
    broker: sqsUrl(endpoint, options),
    backend: `sqlite:${folder}/${namespace}.db`,
    adapters: [sqs(), sqlite()],
    namespace,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
}

test('on a FIFO queue the tasks of a group run one after the other, in order', async () => {
  const app = appOn(inject('sqs').endpoint, '&ordering=fifo&priorities=1')
  const order = { a: [] as number[], b: [] as number[] }
  const running = new Set<string>()
  let overlaps = 0
  const task = app.task({
    name: 'task',
    input: type<{ group: 'a' | 'b'; n: number }>(),
    run: async ({ group, n }) => {
      if (running.has(group)) overlaps++
      running.add(group)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running.delete(group)
      order[group].push(n)
    },
  })
  for (let n = 0; n < 5; n++)
    for (const group of ['a', 'b'] as const) await task.applyAsync({ group, n }, { group })
  const worker = createWorker(app, { concurrency: 4 })
  await worker.start()
  await until(() => order.a.length === 5 && order.b.length === 5, 30_000)
  await worker.stop()
  await app.close()
  expect({ ...order, overlaps }).toEqual({ a: [0, 1, 2, 3, 4], b: [0, 1, 2, 3, 4], overlaps: 0 })
})

test('on a standard queue messages carry it, retries too', { timeout: 30_000 }, async () => {
  // fauxqs forgets the group of a message that is not on a FIFO queue.
  const own = await startOwnSqs()
  const { endpoint } = own
  const namespace = namespaceOf()
  const app = appOn(endpoint, '&priorities=1', namespace)
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 1, backoff: { type: 'fixed', base: '1s' } },
    run: () => {
      throw new Error('again')
    },
  })
  const worker = createWorker(app)
  const retried = new Promise((resolve) => app.on('retried', resolve))
  await task.applyAsync(undefined, { group: 'tenant-7' })
  await worker.start()
  await retried
  await worker.stop()
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new SQSClient({ endpoint, region: 'eu-central-1', credentials })
  const message = await until(async () => {
    const asked = new ReceiveMessageCommand({
      QueueUrl: `${endpoint}/000000000000/${namespace}__default__all`,
      MessageSystemAttributeNames: ['MessageGroupId'],
      WaitTimeSeconds: 2,
    })
    return (await client.send(asked)).Messages?.[0]
  }, 15_000)
  expect(message.Attributes?.MessageGroupId).toBe('tenant-7')
  expect(JSON.parse(message.Body ?? '')).toMatchObject({ attempt: 1, group: 'tenant-7' })
  await expect(task.applyAsync(undefined, { group: 'a b' })).rejects.toMatchObject({ code: 'INVALID_NAME' })
  client.destroy()
  await app.close()
  await own.stop()
})
