import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createApp, createWorker, LeaseLost, type } from '../src/index.ts'
import { createVirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// A service that cannot tell a late holder that it is late, as SQS: every settlement looks fine to it.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function advisory(renews: boolean) {
  const acked: number[] = []
  const adapter = tampered({
    capabilities: { fencing: 'advisory' },
    receiver: (original, number) => ({
      extend: async (leases) => (renews ? original.extend(leases) : leases.map(() => 'unknown' as const)),
      ack: async (leases) => {
        acked.push(number)
        await original.ack(leases)
        return leases.map(() => 'ok' as const)
      },
    }),
  })
  return { adapter, acked }
}

async function runFor(ms: number, renews: boolean) {
  const clock = createVirtualClock()
  const { adapter, acked } = advisory(renews)
  // Without a backend the memory broker has no verdicts: what core does by its own clock is all there is.
  const app = createApp({ broker: 'memory:', backend: false, adapters: [adapter], logger: quiet, clock })
  const reasons: unknown[] = []
  const task = app.task({
    name: 'task',
    run: (_, { signal }) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason), { once: true })
        clock.setTimer(ms, resolve)
      }),
  })
  const events: string[] = []
  app.on('succeeded', () => void events.push('succeeded'))
  app.on('lost', () => void events.push('lost'))
  const worker = createWorker(app, { lease: '3s' })
  await worker.start()
  await task.delay()
  await clock.advance(ms + 1_000)
  const stopped = worker.stop({ grace: 0 })
  await clock.advance(20_000)
  await stopped
  await app.close()
  return { acked, reasons, events }
}

test('a lease that could not be renewed in time is over by our own clock', async () => {
  const { acked, reasons, events } = await runFor(4_000, false)
  expect(reasons[0]).toBeInstanceOf(LeaseLost)
  expect(events[0]).toBe('lost')
  expect(acked).toEqual([])
})

test('a lease that is renewed goes on, however long the task runs', async () => {
  const { acked, reasons, events } = await runFor(20_000, true)
  expect(reasons).toEqual([])
  expect(events).toEqual(['succeeded'])
  expect(acked).toHaveLength(1)
})

test('a keeper that lost some leases takes nothing from the others', { timeout: 40_000 }, async () => {
  const lostOnce = new Set<unknown>()
  const keeper = `export const createKeeper = () => {
    let calls = 0
    return { extend: async () => ++calls === 2 ? 'lost' : 'ok', close: async () => {} }
  }`
  const adapter = tampered({
    receiver: (original) => ({
      keeper: { module: `data:text/javascript,${encodeURIComponent(keeper)}`, data: undefined },
      extend: async (leases) => {
        const settlements = await original.extend(leases)
        lostOnce.add(leases[0])
        return settlements.map((settlement, index) => (lostOnce.has(leases[index]) ? 'lost' : settlement))
      },
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet })
  const reasons = new Map<number, unknown>()
  const begun = new Set<number>()
  const someLost = Promise.withResolvers<void>()
  const task = app.task({
    name: 'task',
    input: type<number>(),
    run: async (number, { signal }) => {
      // What was lost runs again.
      if (begun.has(number)) return
      begun.add(number)
      signal.addEventListener('abort', () => someLost.resolve())
      await someLost.promise
      // If it took both, the other one is told by now.
      await sleep(100)
      reasons.set(number, signal.reason)
    },
  })
  const results = await task.delayMany([1, 2])
  const worker = createWorker(app, { lease: '3s' })
  await worker.start()
  await results[1]?.get({ timeout: '30s' })
  await vi.waitUntil(() => reasons.size === 2)
  expect(reasons.get(1)).toBeInstanceOf(LeaseLost)
  expect(reasons.get(2)).toBeUndefined()
  await worker.stop({ grace: 0 })
  await app.close()
})
