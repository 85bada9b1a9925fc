import { expect, onTestFinished, test } from 'vitest'
import type { Lease } from '../src/driver.ts'
import { createApp, createWorker, type } from '../src/index.ts'
import { createVirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// Tasks that two workers have lost already, and may be what took them down. Here they cannot have processes of their own.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What was seen when a task started. */
interface Start {
  readonly at: number
  /** How many ran then, itself included. */
  readonly running: number
  /** How many its worker held then, itself included. */
  readonly leased: number | undefined
}

/**
 * A broker that says of tasks whose ids begin with 'suspect' that two workers have lost them.
 *
 * @param lost These another worker takes from this one.
 */
async function stage(concurrency: number, lost: ReadonlySet<string> = new Set()) {
  const clock = createVirtualClock()
  const adapter = tampered({
    receiver: (original) => {
      const leases = new Map<Lease, string>()
      const seen = new Set<string>()
      return {
        receive: async (options) => {
          const deliveries = await original.receive(options)
          const own = deliveries.filter(({ message: { id } }) => !(lost.has(id) && seen.has(id)))
          for (const { lease, message } of own) {
            leases.set(lease, message.id)
            seen.add(message.id)
          }
          return own.map((delivery) =>
            delivery.message.id.startsWith('suspect') ? { ...delivery, deliveryCount: 3 } : delivery,
          )
        },
        extend: async (held) => {
          const settlements = await original.extend(held)
          return held.map((lease, index) =>
            lost.has(leases.get(lease) ?? '') ? 'lost' : (settlements[index] ?? 'ok'),
          )
        },
      }
    },
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  const starts = new Map<string, Start>()
  const ended: string[] = []
  let running = 0
  const task = app.task({
    name: 'task',
    input: type<number>(),
    run: async (ms, { id }) => {
      running++
      const seen = { at: clock.monotonic(), running }
      starts.set(id, { ...seen, leased: (await app.counts('default')).leased })
      await new Promise<void>((resolve) => void clock.setTimer(ms, resolve))
      running--
      ended.push(id)
    },
  })
  const worker = createWorker(app, { concurrency, lease: '6s' })
  onTestFinished(async () => {
    const stopped = worker.stop({ grace: 0 })
    await clock.advance(20_000)
    await stopped
    await app.close()
  })
  const send = (ids: readonly string[], ms: number) =>
    Promise.all(ids.map((taskId) => task.applyAsync(ms, { taskId })))
  return { clock, worker, send, starts, ended }
}

const named = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`)

test('a suspect does not wait until a busy worker is idle, and is all that it holds when it starts', async () => {
  const { clock, worker, send, starts, ended } = await stage(4)
  await send(named('before', 40), 100)
  await send(['suspect'], 100)
  await send(named('after', 400), 100)
  await worker.start()
  await clock.advance(2_500)
  expect(starts.get('suspect')).toMatchObject({ running: 1, leased: 1 })
  // Ten rounds of the forty before it, and no more than a few that were on their way.
  expect(starts.get('suspect')?.at).toBeLessThan(1_500)
  expect(ended).toContain('after-20')
})

test('others wait half a minute for a suspect that takes longer, not for ever', async () => {
  const { clock, worker, send, ended } = await stage(4)
  await send(['suspect'], 600_000)
  await send(named('other', 10), 100)
  await worker.start()
  await clock.advance(29_000)
  expect(ended).toEqual([])
  await clock.advance(3_000)
  expect(ended).toHaveLength(10)
})

test('a suspect waits half a minute for others that take longer, not for ever', async () => {
  const { clock, worker, send, starts } = await stage(4)
  await send(named('long', 3), 600_000)
  await send(['suspect'], 100)
  await worker.start()
  await clock.advance(29_000)
  expect(starts.has('suspect')).toBe(false)
  await clock.advance(3_000)
  expect(starts.get('suspect')).toMatchObject({ running: 4 })
})

test('many suspects do not make a worker one that does one thing at a time', async () => {
  const { clock, worker, send, starts, ended } = await stage(10)
  await send(named('suspect', 60), 10_000)
  await send(named('other', 60), 10_000)
  await worker.start()
  await clock.advance(300_000)
  expect(ended).toHaveLength(120)
  expect(starts.get('suspect-0')).toMatchObject({ running: 1, leased: 1 })
  expect(starts.get('suspect-1')).toMatchObject({ running: 1, leased: 1 })
})

test('a suspect whose lease is lost while it waits holds nobody up', async () => {
  const { clock, worker, send, starts, ended } = await stage(4, new Set(['suspect']))
  await send(['long'], 600_000)
  await send(['suspect'], 100)
  await send(named('other', 10), 100)
  await worker.start()
  await clock.advance(15_000)
  expect(starts.has('suspect')).toBe(false)
  expect(ended).toHaveLength(10)
})

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
