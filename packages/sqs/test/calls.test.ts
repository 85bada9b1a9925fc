import { createApp, createWorker } from '@tq/core'
import { expect, type OnTestFinishedHandler, test } from 'vitest'
import { sqs } from '../src/index.ts'
import { Service } from './service.ts'
import type { Calls } from './services/own/server.ts'
import { type OwnSqs, startOwnSqs } from './services/own.ts'
import { sqsUrl } from './services/test-sqs.ts'

// Calls are what SQS costs.
async function counted(onTestFinished: (handler: OnTestFinishedHandler) => void): Promise<OwnSqs> {
  const own = await startOwnSqs()
  onTestFinished(() => own.stop())
  return own
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const full = process.env['TQ_TEST_TIER'] === 'full'

const calls = (before: Calls, after: Calls): number =>
  Object.entries(after.byAction).reduce((sum, [name, count]) => sum + count - (before.byAction[name] ?? 0), 0)

test.concurrent('a deep backlog costs at most 330 calls per 1,000 tasks, sending included', {
  timeout: 60_000,
}, async ({ onTestFinished }) => {
  const own = await counted(onTestFinished)
  const app = createApp({
    broker: sqsUrl(own.endpoint),
    backend: false,
    adapters: [sqs()],
    namespace: 'backlog',
    logger: quiet,
  })
  const task = app.task({ name: 'task', run: () => {} })
  // Queues are created once in a lifetime.
  const first = createWorker(app)
  await first.start()
  await first.stop()
  const before = await own.calls()
  const tasks = 3_000
  await task.delayMany(Array.from({ length: tasks }))
  let done = 0
  const all = new Promise<void>((resolve) => {
    app.on('succeeded', () => {
      if (++done === tasks) resolve()
    })
  })
  const worker = createWorker(app, { concurrency: 20 })
  await worker.start()
  await all
  const per1000 = (calls(before, await own.calls()) / tasks) * 1_000
  await worker.stop()
  await app.close()
  expect(per1000).toBeGreaterThanOrEqual(300)
  expect(per1000).toBeLessThanOrEqual(330)
})

test.concurrent('an idle receiver asks ever more rarely', { timeout: 120_000 }, async ({
  onTestFinished,
}) => {
  const own = await counted(onTestFinished)
  const service = new Service(own.endpoint)
  const broker = await service.broker()
  await broker.declare({ name: 'idle' })
  const receiver = await broker.openReceiver('idle', { leaseMs: 30_000, prefetch: 10 })
  const idleFor = async (seconds: number) => {
    const before = await own.calls()
    for (let second = 0; second < seconds; second += 5) {
      // As a worker does: it asks every five seconds.
      await receiver.receive({ max: 10, waitMs: 5_000, signal: new AbortController().signal })
    }
    return calls(before, await own.calls()) / 3
  }
  // 1, 2 and 4 s, and the one under way.
  expect(await idleFor(10)).toBeLessThanOrEqual(4.5)
  if (full) {
    await idleFor(30)
    expect((await idleFor(60)) / 60).toBeLessThanOrEqual(0.06)
  }
  await service.close()
})
