import type { Backend, Broker, Clock, OutboundMessage, Receiver } from '@tq/core/driver'
import { createVirtualClock, memory, type VirtualClock } from '@tq/core/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { leasesOf, message, messages } from '../src/broker/stage.ts'
import { record } from '../src/state/stage.ts'

const leaseMs = 1_000
const idsOf = (deliveries: Awaited<ReturnType<Receiver['receive']>>) =>
  deliveries.map(({ message: { id } }) => id)

let clock: VirtualClock
let broker: Broker
let backend: Backend

function open(clock: Clock, adapter = memory(), url = 'memory:', namespace = 'test') {
  const context = { namespace, clock }
  const made = {
    broker: adapter.createBroker?.(url, context),
    backend: adapter.createBackend?.(url, context),
  }
  if (!made.broker || !made.backend) throw new Error('the adapter makes both')
  return { broker: made.broker, backend: made.backend }
}

beforeEach(() => {
  clock = createVirtualClock()
  ;({ broker, backend } = open(clock))
})

async function publish(...sent: readonly OutboundMessage[]) {
  expect(await broker.publish('q', sent)).toEqual(sent.map(() => 'accepted'))
}

const receiver = (prefetch = 16) => broker.openReceiver('q', { leaseMs, prefetch })

function receive(from: Receiver, max = 16, waitMs = 0, signal = new AbortController().signal) {
  return from.receive({ max, waitMs, signal })
}

test('one adapter, URL and namespace are one store', () => {
  const adapter = memory()
  const first = open(clock, adapter)
  expect(first.broker.store).toBe(first.backend.store)
  expect(open(clock, adapter).broker.store).toBe(first.broker.store)
  const others = [
    open(clock, adapter, 'memory:other'),
    open(clock, adapter, 'memory:', 'other'),
    open(clock, memory()),
  ]
  const stores = [first, ...others].map((each) => each.broker.store)
  expect(new Set(stores).size).toBe(4)
})

describe('leases', () => {
  test('one that ended by itself makes room in its receiver', async () => {
    const full = await receiver(2)
    await publish(...messages(4))
    expect(await receive(full)).toHaveLength(2)
    expect(await receive(full)).toHaveLength(0)
    await clock.advance(leaseMs)
    const waiting = receive(full, 16, 10_000)
    await clock.advance(0)
    expect(await waiting).toHaveLength(2)
  })

  test('what comes back keeps the order in which it was published', async () => {
    const [first, second] = [await receiver(), await receiver()]
    await publish(...['a', 'b', 'c', 'd'].map((id) => message({ id })))
    const held = await receive(first, 3)
    await first.nack(leasesOf(held), { delayMs: 0 })
    expect(idsOf(await receive(first, 3))).toEqual(['a', 'b', 'c'])
    await clock.advance(leaseMs)
    expect(idsOf(await receive(second))).toEqual(['a', 'b', 'c', 'd'])
  })

  test('a late extension wins as long as nobody asked for the message', async () => {
    const [holder, other] = [await receiver(), await receiver()]
    await publish(message(), message())
    const held = await receive(holder)
    await clock.advance(5 * leaseMs)
    expect(await broker.admin?.counts('q')).toMatchObject({ leased: 2 })
    expect(await holder.extend(leasesOf(held))).toEqual(['ok', 'ok'])
    expect(await receive(other)).toEqual([])
    await clock.advance(leaseMs)
    expect(await receive(other, 1)).toHaveLength(1)
    expect(await holder.ack(leasesOf(held))).toEqual(['lost', 'lost'])
  })
})

describe('waiting receivers', () => {
  test('one message ends one wait, and the others go on', async () => {
    const [first, second] = [await receiver(), await receiver()]
    const waiting = [receive(first, 16, 5_000), receive(second, 16, 5_000)]
    await publish(message({ id: 'one' }))
    expect(idsOf((await waiting[0]) ?? [])).toEqual(['one'])
    await clock.advance(leaseMs / 2)
    await publish(message({ id: 'two' }))
    expect(idsOf((await waiting[1]) ?? [])).toEqual(['two'])
  })

  test('a batch comes as one', async () => {
    const waiting = receive(await receiver(), 10, 5_000)
    await publish(...messages(10))
    expect(await waiting).toHaveLength(10)
  })

  test('need one timer for all that is delayed or leased', async () => {
    let timers = 0
    const counting: Clock = {
      ...clock,
      setTimer(delayMs, callback) {
        timers++
        return clock.setTimer(delayMs, callback)
      },
    }
    ;({ broker, backend } = open(counting))
    const [holder, other] = [await receiver(2_000), await receiver()]
    await publish(...messages(1_000), ...Array.from({ length: 1_000 }, () => message({ delayMs: 60_000 })))
    expect(await receive(holder, 1_000)).toHaveLength(1_000)
    const waiting = receive(other, 16, 5_000)
    await clock.advance(leaseMs)
    expect(await waiting).toHaveLength(16)
    expect(timers).toBeLessThan(5)
  })

  test('wake after weeks', async () => {
    const day = 86_400_000
    const waiting = receive(await receiver(), 1, 60 * day)
    await publish(message({ id: 'late', delayMs: 45 * day }))
    await clock.advance(45 * day - 1)
    await publish(message({ id: 'early' }))
    expect(idsOf(await waiting)).toEqual(['early'])
    const [next] = await receive(await receiver(), 1)
    expect(next).toBeUndefined()
    await clock.advance(1)
    expect(idsOf(await receive(await receiver(), 1))).toEqual(['late'])
  })
})

describe('one store', () => {
  test('a repeated commit tells what happened', async () => {
    const from = await receiver()
    const [done, revoked] = [record({ state: 'PENDING' }), record({ state: 'PENDING' })]
    await publish(message({ id: done.id, record: done }), message({ id: revoked.id, record: revoked }))
    await backend.results.put([{ ...revoked, state: 'REVOKED' }])
    const held = await receive(from)
    const records = [done, revoked].map((task) => ({ ...task, state: 'SUCCESS' as const }))
    const items = held.map(({ lease }, at) => ({ lease, record: records[at] ?? done }))
    expect(await from.commit?.(items)).toEqual(['ok', 'stale'])
    expect(await from.commit?.(items)).toEqual(['ok', 'stale'])
    expect(await from.ack(leasesOf(held))).toEqual(['lost', 'lost'])
  })

  test('a follow-up that does not fit keeps the whole commit back', async () => {
    const from = await receiver()
    const task = record({ state: 'PENDING' })
    await publish(message({ id: task.id, record: task }))
    const [delivery] = await receive(from)
    if (!delivery) throw new Error('it was delivered')
    const follow = { queue: 'q', message: message({ delayMs: broker.capabilities.maxDelayMs + 1 }) }
    const item = { lease: delivery.lease, record: { ...task, state: 'SUCCESS' as const }, publish: [follow] }
    const error = await from.commit?.([item]).catch((thrown: unknown) => thrown)
    expect(broker.classify(error)).toBe('limit')
    expect(await backend.results.get([task.id])).toEqual([task])
    expect(await from.ack([delivery.lease])).toEqual(['ok'])
  })

  test('a claim of the next generation leaves the last record to be read', async () => {
    const failed = record({ state: 'FAILURE', epoch: 3 })
    await backend.results.put([failed])
    const claim = { id: failed.id, generation: 1, attempt: 0, runId: 'a', ttlMs: 60_000 }
    expect(await backend.results.claim([claim])).toEqual([{ epoch: 4 }])
    expect(await backend.results.get([failed.id])).toEqual([failed])
  })

  test('a task that ended gets no further message', async () => {
    const task = record({ state: 'PENDING' })
    await publish(message({ id: task.id, record: task }))
    await backend.results.put([{ ...task, state: 'REVOKED' }])
    await publish(message({ id: task.id, record: { ...task, state: 'RETRY', attempt: 1 } }))
    expect(await broker.admin?.counts('q')).toMatchObject({ ready: 1 })
  })
})
