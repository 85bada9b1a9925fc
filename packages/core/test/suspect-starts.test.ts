import { expect, test } from 'vitest'
import { createApp, createWorker } from '../src/index.ts'
import { createVirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// When a task is given up because its workers lost it: not for what only happened while it waited.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What becomes of a task that so many workers have lost, each handing it on; whether there is a backend or not. */
async function lostBy(workers: number, backend?: false) {
  const clock = createVirtualClock()
  const adapter = tampered({
    receiver: (original) => ({
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({ ...delivery, deliveryCount: workers + 1 })),
      // So does this one, whenever it comes to renewing it.
      extend: async (leases) => leases.map(() => 'lost'),
    }),
  })
  const without = backend === undefined ? {} : { backend }
  const app = createApp({ broker: 'memory:', ...without, adapters: [adapter], logger: quiet, clock })
  let starts = 0
  const failed: (string | undefined)[] = []
  app.on('failed', ({ error }) => void failed.push(error.code))
  const task = app.task({
    name: 'task',
    run: async (_, { signal }) => {
      starts++
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
  })
  const worker = createWorker(app, { lease: '3s' })
  await worker.start()
  await task.delay()
  await clock.advance('2m')
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  const { ready: letters } = await app.counts('default.dead')
  await app.close()
  return { starts, failed, letters }
}

const givenUp = { failed: ['TASK_CRASHED'], letters: 1 }

test('one that takes its worker down whenever it starts is given up after ten times', async () => {
  // The first two leases were lost before it was a suspect.
  expect(await lostBy(2)).toEqual({ starts: 8, ...givenUp })
})

test('one that many workers lost before it could start has its chance all the same', async () => {
  expect(await lostBy(40)).toEqual({ starts: 8, ...givenUp })
})

test('one that its workers survive is not given up, however often it starts', async () => {
  const clock = createVirtualClock()
  let refused = 0
  const adapter = tampered({
    receiver: (original) => ({
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({ ...delivery, deliveryCount: 3 })),
      // As where a service has delivered it twice, and the other one was faster.
      commit: async (items) => {
        if (++refused > 12) return (await original.commit?.(items)) ?? []
        await original.nack(
          items.map(({ lease }) => lease),
          { delayMs: 0 },
        )
        return items.map(() => 'lost')
      },
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  let starts = 0
  const task = app.task({
    name: 'task',
    run: () => {
      starts++
    },
  })
  const worker = createWorker(app)
  await worker.start()
  const result = await task.delay()
  await clock.advance('1m')
  expect([starts, await result.status()]).toEqual([13, 'SUCCESS'])
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  await app.close()
})

test('one that takes its workers down before it starts is given up, too', async () => {
  expect(await lostBy(50)).toEqual({ starts: 0, ...givenUp })
})

test('without a backend nothing counts starts: ten lost leases are enough', async () => {
  expect(await lostBy(10, false)).toEqual({ starts: 0, ...givenUp })
})

test('one that runs longer than its workers live, each of them stopped in peace, is not given up', async () => {
  const clock = createVirtualClock()
  const adapter = tampered({
    receiver: (original) => ({
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({ ...delivery, deliveryCount: 3 })),
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  let starts = 0
  const task = app.task({
    name: 'task',
    run: async () => {
      starts++
      // Deaf to the signal.
      await new Promise<void>((resolve) => void clock.setTimer(3_600_000, resolve))
    },
  })
  const result = await task.delay()
  for (let deploy = 0; deploy < 10; deploy++) {
    const worker = createWorker(app, { lease: '6s' })
    await worker.start()
    await clock.advance(10_000)
    const stopped = worker.stop({ grace: '5s' })
    await clock.advance(20_000)
    await stopped
  }
  expect(starts).toBe(10)
  const state = result.status()
  await clock.advance(1_000)
  expect(await state).toBe('STARTED')
  await app.close()
})

test('a store that does not answer holds up no start for longer than two seconds', async () => {
  const clock = createVirtualClock()
  const adapter = tampered({
    state: () => ({ counted: () => new Promise(() => {}) }),
    receiver: (original) => ({
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({ ...delivery, deliveryCount: 3 })),
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  const startedAt: number[] = []
  const task = app.task({ name: 'task', run: () => void startedAt.push(clock.monotonic()) })
  const worker = createWorker(app)
  await worker.start()
  await task.delay()
  await clock.advance(5_000)
  expect(startedAt).toHaveLength(1)
  expect(startedAt[0]).toBeLessThanOrEqual(2_500)
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  await app.close()
})

test('one that is taken away while its start is being counted has not started', async () => {
  const clock = createVirtualClock()
  let counts = 0
  /** A store so slow that the lease is over before it answers. */
  const isSlow = () => counts <= 12
  const adapter = tampered({
    state: ({ counted }) => ({
      counted: async (keys) => {
        counts++
        if (isSlow()) await new Promise<void>((resolve) => void clock.setTimer(1_500, resolve))
        return await counted(keys)
      },
    }),
    receiver: (original) => ({
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({ ...delivery, deliveryCount: 3 })),
      extend: async (leases) => (isSlow() ? leases.map(() => 'lost') : await original.extend(leases)),
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  const failed: (string | undefined)[] = []
  app.on('failed', ({ error }) => void failed.push(error.code))
  let starts = 0
  const task = app.task({
    name: 'task',
    run: () => {
      starts++
    },
  })
  const worker = createWorker(app, { lease: '3s' })
  await worker.start()
  await task.delay()
  await clock.advance('2m')
  expect([starts, failed]).toEqual([1, []])
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  await app.close()
})
