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

test('a suspect that was read ahead does not wait for a receive that waits', async () => {
  const { clock, worker, send, starts } = await stage(1)
  // Short ones, so that it reads ahead.
  await send(named('short', 40), 5)
  await worker.start()
  await clock.advance(1_000)
  await send(['before'], 50)
  await send(['suspect'], 50)
  await clock.advance(1_000)
  expect(starts.get('before')).toMatchObject({ at: 1_000 })
  expect(starts.get('suspect')?.at).toBeLessThan(1_500)
})

test('others wait ten seconds for a suspect that takes longer, not for ever', async () => {
  const { clock, worker, send, ended } = await stage(4)
  await send(['suspect'], 600_000)
  await send(named('other', 10), 100)
  await worker.start()
  await clock.advance(9_000)
  expect(ended).toEqual([])
  await clock.advance(3_000)
  expect(ended).toHaveLength(10)
})

test('a suspect waits ten seconds for others that take longer, not for ever', async () => {
  const { clock, worker, send, starts } = await stage(4)
  await send(named('long', 3), 600_000)
  await send(['suspect'], 100)
  await worker.start()
  await clock.advance(9_000)
  expect(starts.has('suspect')).toBe(false)
  await clock.advance(3_000)
  expect(starts.get('suspect')).toMatchObject({ running: 4 })
})

test('many suspects do not make a worker one that does one thing at a time', async () => {
  const { clock, worker, send, starts, ended } = await stage(10)
  await send(named('suspect', 60), 3_000)
  await send(named('other', 60), 3_000)
  await worker.start()
  await clock.advance(100_000)
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

/** Two queues of one worker; answers about `b` take 20 ms to come, and it holds by then what they bring. */
async function twoQueues(concurrency: number) {
  const clock = createVirtualClock()
  const adapter = tampered({
    receiver: (original) => ({
      receive: async (how) => {
        const deliveries = await original.receive(how)
        if (deliveries.some(({ message: { id } }) => id.startsWith('late'))) {
          await new Promise<void>((resolve) => void clock.setTimer(20, resolve))
        }
        return deliveries.map((delivery) =>
          delivery.message.id.startsWith('suspect') ? { ...delivery, deliveryCount: 3 } : delivery,
        )
      },
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet, clock })
  const starts = new Map<string, { readonly running: number; readonly leased: number }>()
  let running = 0
  const task = app.task({
    name: 'task',
    input: type<number>(),
    run: async (ms, { id }) => {
      const now = ++running
      const counts = await Promise.all([app.counts('a'), app.counts('b')])
      starts.set(id, { running: now, leased: counts.reduce((sum, { leased = 0 }) => sum + leased, 0) })
      await new Promise<void>((resolve) => void clock.setTimer(ms, resolve))
      running--
    },
  })
  const worker = createWorker(app, { concurrency, lease: '6s', queues: ['a', 'b'] })
  onTestFinished(async () => {
    const stopped = worker.stop({ grace: 0 })
    await clock.advance(20_000)
    await stopped
    await app.close()
  })
  const send = (taskId: string, queue: 'a' | 'b', ms: number) => task.applyAsync(ms, { taskId, queue })
  /** What is asked of workers is answered as time goes by. */
  const asked = async <T>(answer: Promise<T>): Promise<T> => {
    await clock.advance(500)
    return await answer
  }
  return { clock, app, worker, send, starts, asked }
}

test('what is on its way from another queue counts as held, too', async () => {
  const { clock, worker, send, starts } = await twoQueues(4)
  await worker.start()
  await clock.advance(1_000)
  await Promise.all([send('late-1', 'b', 100), send('late-2', 'b', 100), send('suspect', 'a', 100)])
  await clock.advance(2_000)
  expect(starts.get('suspect')).toEqual({ running: 1, leased: 1 })
  expect([...starts.keys()].toSorted()).toEqual(['late-1', 'late-2', 'suspect'])
})

test('a suspect that waits goes back when its queue is left, and the next one is alone again', async () => {
  const { clock, app, worker, send, starts, asked } = await twoQueues(4)
  await send('long', 'a', 8_000)
  await worker.start()
  await clock.advance(1_000)
  await send('suspect', 'b', 60_000)
  await clock.advance(1_000)
  await asked(app.control.cancelConsumer('b'))
  expect(await app.counts('b')).toMatchObject({ ready: 1, leased: 0 })
  await clock.advance(20_000)
  await send('suspect-2', 'a', 100)
  await clock.advance(1_000)
  expect([...starts.keys()]).toEqual(['long', 'suspect-2'])
  expect(starts.get('suspect-2')).toEqual({ running: 1, leased: 1 })
})

test('a worker that stops gives back the suspect that waits', async () => {
  const { clock, app, worker, send, starts } = await twoQueues(4)
  await send('long', 'a', 8_000)
  await worker.start()
  await clock.advance(1_000)
  await send('suspect', 'b', 100)
  await clock.advance(1_000)
  const stopped = worker.stop({ grace: '25s' })
  await clock.advance(1_000)
  expect(await app.counts('b')).toMatchObject({ ready: 1, leased: 0 })
  await clock.advance(20_000)
  await stopped
  expect([...starts.keys()]).toEqual(['long'])
})
