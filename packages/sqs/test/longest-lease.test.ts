import { setTimeout as sleep } from 'node:timers/promises'
import { createApp, createWorker, LeaseLost } from '@tq/core'
import type { Delivery } from '@tq/core/driver'
import { memory } from '@tq/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { maxLeaseMs } from '../src/capabilities.ts'
import { newClient } from '../src/client.ts'
import { sqs } from '../src/index.ts'
import { LeaseTable, sharedNow, slot } from '../src/lease-table.ts'
import { fromLease } from '../src/leases.ts'
import { leaseEnd, type Renewal, renew } from '../src/renewing.ts'
import { message, Service, take } from './service.ts'
import { type OwnSqs, startOwnSqs } from './services/own.ts'
import { sqsUrl } from './services/test-sqs.ts'

// SQS takes a message back twelve hours after its receive, whatever is done. Here the hours are seconds.
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let own: OwnSqs
beforeAll(async () => {
  own = await startOwnSqs()
}, 30_000)
afterAll(() => own.stop())

test('a task that may run longer is refused at start, with the setting that mends it', async ({
  onTestFinished,
}) => {
  const app = createApp({
    broker: sqsUrl(own.endpoint),
    backend: 'memory:',
    adapters: [sqs(), memory()],
    namespace: 'refused',
    logger: quiet,
  })
  onTestFinished(() => app.close())
  app.task({ name: 'fits', timeLimit: maxLeaseMs, run: () => {} })
  await (await started(app)).stop()
  app.task({ name: 'too.long', timeLimit: '12h', run: () => {} })
  const starting = started(app)
  await expect(starting).rejects.toMatchObject({
    code: 'CAPABILITY_MISSING',
    details: { task: 'too.long', maxLeaseMs },
  })
  await expect(starting).rejects.toThrow('Lower its timeLimit')
})

test('a task without a limit that runs longer is told before SQS hands it out again', {
  timeout: 60_000,
}, async ({ onTestFinished }) => {
  await own.setFaults({ visibilityCapMs: 6_000 })
  onTestFinished(() => own.setFaults({}))
  const app = createApp({
    broker: sqsUrl(own.endpoint),
    backend: 'memory:',
    adapters: [sqs(), memory()],
    namespace: 'told',
    logger: quiet,
  })
  onTestFinished(() => app.close())
  const happened: string[] = []
  const task = app.task({
    name: 'task',
    run: async (_, { signal }) => {
      happened.push('runs')
      if (happened.length > 1) return 'the second time'
      const startedAt = performance.now()
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      // The lease is renewed until there is nothing left.
      expect(performance.now() - startedAt).toBeGreaterThan(3_000)
      expect(signal.reason).toBeInstanceOf(LeaseLost)
      happened.push('is told')
      return 'too late'
    },
  })
  const worker = await started(app)
  onTestFinished(async () => void (await worker.stop({ grace: 0 })))
  expect(await (await task.delay()).get({ timeout: '50s' })).toBe('the second time')
  expect(happened).toEqual(['runs', 'is told', 'runs'])
})

test('the last renewal asks for what is left, and then SQS is asked for nothing', async ({
  onTestFinished,
}) => {
  const service = new Service(own.endpoint)
  onTestFinished(() => service.close())
  const broker = await service.broker()
  await broker.declare({ name: 'q' })
  await broker.publish('q', [message()])
  const receiver = await broker.openReceiver('q', { leaseMs: 30_000, prefetch: 1 })
  const [delivery] = await take(receiver, 1)
  const { handle } = fromLease((delivery as Delivery).lease)
  const client = newClient({
    endpoint: own.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  onTestFinished(() => client.destroy())
  const renewal: Renewal = {
    table: LeaseTable.create(1),
    urls: [await service.url(`${service.namespace}__q__normal`)],
    seconds: 30,
    send: (call) => call(client),
  }
  const from = sharedNow()
  const mustEndAt = from + 2_500
  const at = renewal.table.add(handle, 0, leaseEnd(from, 30), mustEndAt) as number
  const held = () => renewal.table.read(at)
  expect(await renew(renewal, [held()])).toBe('ok')
  expect(held().endsAt).toBeLessThanOrEqual(mustEndAt)
  await sleep(mustEndAt - sharedNow())
  const before = await own.calls()
  expect(await renew(renewal, [held()])).toBe('lost')
  expect(renewal.table.stateOf(at)).toBe(slot.ended)
  expect((await own.calls()).byAction['ChangeMessageVisibilityBatch']).toBe(
    before.byAction['ChangeMessageVisibilityBatch'],
  )
})

async function started(app: Parameters<typeof createWorker>[0]) {
  const worker = createWorker(app, { lease: '3s', concurrency: 1 })
  await worker.start()
  return worker
}
