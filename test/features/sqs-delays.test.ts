import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp, createWorker } from '@tq/core'
import type { Adapter } from '@tq/core/driver'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { afterEach, expect, inject, test } from 'vitest'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'

// What SQS's own delays do not reach.
const folder = mkdtempSync(join(tmpdir(), 'tq-sqs-delays-'))
const apps: App<undefined>[] = []
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()))
  rmSync(folder, { recursive: true, force: true })
})

function appOn(options: string, backend: string | false, adapter: Adapter = sqs()) {
  const app = createApp({
    broker: sqsUrl(inject('sqs').endpoint, options),
    backend,
    adapters: [adapter, sqlite()],
    namespace: randomUUID().replaceAll('-', ''),
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  apps.push(app)
  return app
}

/** SQS as it is, with a shorter longest delay: hops of two seconds instead of fifteen minutes. */
function withShortHops(): Adapter {
  const adapter = sqs()
  return {
    ...adapter,
    createBroker: (url, context) => {
      const broker = adapter.createBroker?.(url, context)
      if (!broker) throw new Error('the adapter makes no broker')
      return Object.assign(broker, { capabilities: { ...broker.capabilities, maxDelayMs: 2_000 } })
    },
  }
}

test('without a backend a long delay goes by hops, and runs once, in time', async () => {
  const app = appOn('', false, withShortHops())
  const started: number[] = []
  const task = app.task({ name: 'task', run: () => void started.push(performance.now()) })
  const worker = createWorker(app)
  await worker.start()
  const ended = new Promise((resolve) => app.on('succeeded', resolve))
  const sentAt = performance.now()
  await task.applyAsync(undefined, { countdown: '5s' })
  await ended
  await worker.stop()
  if (!inject('sqs').unruly) expect(started).toHaveLength(1)
  const took = (started[0] ?? 0) - sentAt
  expect(took).toBeGreaterThanOrEqual(5_000)
  // Each of three hops is up to a second late: SQS counts in seconds.
  expect(took).toBeLessThan(11_000)
})

test('a FIFO queue without a backend is refused at start, with the line that mends it', async () => {
  const app = appOn('&ordering=fifo', false)
  app.task({ name: 'task', run: () => {} })
  await expect(createWorker(app).start()).rejects.toMatchObject({
    code: 'CAPABILITY_MISSING',
    message: expect.stringContaining('TQ_BACKEND_URL'),
  })
})

test('on a FIFO queue with a backend countdowns and retries wait there', async () => {
  const app = appOn('&ordering=fifo', `sqlite:${join(folder, 'backend.db')}`)
  const runs: number[] = []
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 1, backoff: { type: 'fixed', base: '1s', jitter: false } },
    run: () => {
      runs.push(performance.now())
      if (runs.length === 1) throw new Error('once more')
      return 'done'
    },
  })
  const worker = createWorker(app)
  await worker.start()
  const sentAt = performance.now()
  const result = await task.applyAsync(undefined, { countdown: '1s' })
  expect(await result.get({ timeout: '20s' })).toBe('done')
  await worker.stop()
  expect(runs).toHaveLength(2)
  expect((runs[0] ?? 0) - sentAt).toBeGreaterThanOrEqual(1_000)
  expect((runs[1] ?? 0) - (runs[0] ?? 0)).toBeGreaterThanOrEqual(1_000)
})
