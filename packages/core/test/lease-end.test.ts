import { expect, onTestFinished, test } from 'vitest'
import { createApp, createWorker, type TaskEvents, TimeLimitExceeded } from '../src/index.ts'
import { createVirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// A service that takes a task back a minute after it was handed out, whatever is done, as SQS does after twelve hours.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

async function minuteLong() {
  const clock = createVirtualClock()
  const capabilities = { maxLeaseMs: 60_000, leaseSetting: 'its limit (?limit=2h)' }
  const app = createApp({ broker: 'memory:', adapters: [tampered({ capabilities })], logger: quiet, clock })
  const worker = createWorker(app, { concurrency: 1 })
  const failed: TaskEvents['failed'][] = []
  const succeeded: string[] = []
  app.on('failed', (event) => void failed.push(event))
  app.on('succeeded', ({ name }) => void succeeded.push(name))
  onTestFinished(async () => {
    const stopped = worker.stop({ grace: 0 })
    await clock.advance(20_000)
    await stopped
    await app.close()
  })
  return { clock, app, worker, failed, succeeded }
}

test('a task without a limit that runs longer fails once, before that, and says why', async () => {
  const { clock, app, worker, failed, succeeded } = await minuteLong()
  const reasons: unknown[] = []
  const held = Promise.withResolvers<void>()
  let runs = 0
  const endless = app.task({
    name: 'endless',
    run: (_, { signal }) => {
      runs++
      signal.addEventListener('abort', () => reasons.push(signal.reason), { once: true })
      return held.promise
    },
  })
  const after = app.task({ name: 'after', run: () => {} })
  await worker.start()
  const result = await endless.delay()
  await clock.advance(52_000)
  expect(failed).toEqual([])
  await clock.advance(7_000)
  expect(reasons[0]).toBeInstanceOf(TimeLimitExceeded)
  expect(failed).toMatchObject([{ name: 'endless', error: { code: 'TIME_LIMIT_EXCEEDED' } }])
  expect(failed[0]?.error.message).toContain('at most 60000 ms')
  expect(failed[0]?.error.message).toContain('timeLimit, or raise its limit (?limit=2h)')
  expect(await result.status()).toBe('FAILURE')
  // As past a hard limit, it keeps its slot until it returns, and is not run again.
  await after.delay()
  await clock.advance(120_000)
  expect([runs, succeeded]).toEqual([1, []])
  held.resolve()
  await clock.advance(1_000)
  expect([runs, succeeded]).toEqual([1, ['after']])
  expect(await result.status()).toBe('FAILURE')
})

test('one that ends in time does, and one that was acknowledged before it ran has no lease to lose', async () => {
  const { clock, app, worker, failed, succeeded } = await minuteLong()
  const lasting = (ms: number) => () => new Promise<void>((resolve) => clock.setTimer(ms, resolve))
  const long = app.task({ name: 'long', run: lasting(50_000) })
  const longer = app.task({ name: 'longer', acknowledge: 'before', run: lasting(200_000) })
  await worker.start()
  await long.delay()
  await clock.advance(51_000)
  await longer.delay()
  await clock.advance(210_000)
  expect(failed).toEqual([])
  expect(succeeded).toEqual(['long', 'longer'])
})
