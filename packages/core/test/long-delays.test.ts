import { expect, test } from 'vitest'
import type { Adapter, AdapterContext } from '../src/driver.ts'
import { type AppOptions, createApp, createWorker } from '../src/index.ts'
import { createVirtualClock, memory, type VirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// A broker that holds a message for a quarter of an hour at most, as SQS, with a backend that is another store.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const minutes = 60_000
const days = 86_400_000

function apart(clock: VirtualClock, broker: Adapter, options: AppOptions<undefined> = {}) {
  const context: AdapterContext = { namespace: 'test', clock }
  const backend = memory().createBackend?.('memory:backend', context)
  return createApp({
    broker: broker.createBroker?.('memory:broker', context) ?? 'memory:',
    backend: backend ? Object.assign(backend, { store: 'elsewhere' }) : false,
    logger: quiet,
    clock,
    ...options,
  })
}

/** Sends with a long delay, starts a worker a little before its time, and says what the broker was given. */
async function runDelayed(countdown: number, publishTwice = false) {
  const clock = createVirtualClock()
  const published: (number | undefined)[] = []
  const broker = tampered({
    capabilities: { maxDelayMs: 15 * minutes },
    publish: (publish) => async (queue, messages) => {
      published.push(...messages.map(({ delayMs }) => delayMs))
      if (publishTwice) await publish(queue, messages)
      return publish(queue, messages)
    },
  })
  const app = apart(clock, broker)
  const runs: number[] = []
  const task = app.task({ name: 'task', run: () => void runs.push(clock.monotonic()) })
  let succeeded = 0
  app.on('succeeded', () => void succeeded++)
  const result = await task.applyAsync(undefined, { countdown })
  await clock.advance(countdown - 2 * minutes)
  const worker = createWorker(app)
  await worker.start()
  await clock.advance(3 * minutes)
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  const status = await result.status()
  await app.close()
  return { published, runs, status, succeeded }
}

test('a delay of weeks waits in the backend, and is neither early nor late', async () => {
  const { published, runs, status } = await runDelayed(21 * days)
  expect(runs).toHaveLength(1)
  expect(runs[0]).toBeGreaterThanOrEqual(21 * days)
  expect(runs[0]).toBeLessThanOrEqual(21 * days + 1_000)
  expect(status).toBe('SUCCESS')
  // Once, shortly before its time: no hops.
  expect(published).toHaveLength(1)
  expect(published[0]).toBeLessThanOrEqual(minutes)
})

test('what the broker can hold goes there at once', async () => {
  const { published } = await runDelayed(15 * minutes)
  expect(published).toEqual([15 * minutes])
})

test('a delayed message that comes twice counts once', async () => {
  const { succeeded, status } = await runDelayed(21 * days, true)
  expect(succeeded).toBe(1)
  expect(status).toBe('SUCCESS')
})

test('a task that is revoked while it waits in the backend never starts', async () => {
  const clock = createVirtualClock()
  const app = apart(clock, tampered({ capabilities: { maxDelayMs: 15 * minutes } }))
  let ran = false
  const task = app.task({
    name: 'task',
    run: () => {
      ran = true
    },
  })
  const result = await task.applyAsync(undefined, { countdown: 20 * minutes })
  expect(await result.revoke()).toBe(true)
  await clock.advance(19 * minutes)
  const worker = createWorker(app)
  await worker.start()
  await clock.advance(2 * minutes)
  expect(ran).toBe(false)
  expect(await result.status()).toBe('REVOKED')
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  await app.close()
})
