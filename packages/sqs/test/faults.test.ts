import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, Receiver } from '@tq/core/driver'
import { afterAll, test as anyTest, beforeAll, expect } from 'vitest'
import { idsOf, message, messages, Service, take } from './service.ts'
import { type OwnSqs, startOwnSqs } from './services/own.ts'

const concurrently = anyTest.concurrent

// What SQS does on a bad day, on endpoints that can be told to: a few, so that the tests wait side by side.
const endpoints = 4
let idle: Promise<OwnSqs>[] = []
beforeAll(() => {
  idle = Array.from({ length: endpoints }, () => startOwnSqs())
  return Promise.all(idle)
}, 30_000)
afterAll(() => Promise.all(idle.map(async (own) => await (await own).stop())))

interface BadDay {
  readonly own: OwnSqs
  setUp(leaseMs?: number): Promise<{ readonly broker: Broker; readonly receiver: Receiver }>
}

let next = 0
function test(name: string, body: (day: BadDay) => Promise<void>): void {
  const at = next++ % endpoints
  concurrently(name, { timeout: 90_000 }, async () => {
    const before = idle[at] as Promise<OwnSqs>
    let done: (own: OwnSqs) => void = () => {}
    idle[at] = new Promise((resolve) => {
      done = resolve
    })
    const own = await before
    const service = new Service(own.endpoint)
    try {
      await body({
        own,
        setUp: async (leaseMs = 30_000) => {
          const broker = await service.broker()
          await broker.declare({ name: 'q' })
          return { broker, receiver: await broker.openReceiver('q', { leaseMs, prefetch: 50 }) }
        },
      })
    } finally {
      await own.setFaults({})
      await service.close()
      done(own)
    }
  })
}

const leases = (deliveries: Awaited<ReturnType<typeof take>>) => deliveries.map(({ lease }) => lease)

test('entries that fail inside an answer of 200 are told one by one', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp()
  await own.setFaults({ failedEntries: 0.3 })
  const sent = messages(60)
  const outcomes = await broker.publish('q', sent)
  await own.setFaults({})
  const accepted = sent.filter((_, index) => outcomes[index] === 'accepted')
  expect(accepted.length).toBeGreaterThan(20)
  expect(accepted.length).toBeLessThan(60)
  for (const outcome of outcomes) {
    if (outcome !== 'accepted') expect(outcome).toMatchObject({ rejected: 'connection' })
  }
  // Certainly not stored: what was accepted is all there is.
  expect(idsOf(await take(receiver, 50))).toHaveLength(Math.min(50, accepted.length))
})

test('a delete that fails for one entry is not known, and done when asked again', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp()
  await broker.publish('q', messages(20))
  const held = await take(receiver, 20)
  await own.setFaults({ partialBatches: 1 })
  const first = await receiver.ack(leases(held))
  expect(first.filter((settlement) => settlement === 'unknown')).toHaveLength(2)
  expect(first.filter((settlement) => settlement === 'ok')).toHaveLength(18)
  await own.setFaults({})
  const open = held.filter((_, index) => first[index] === 'unknown')
  expect(await receiver.ack(leases(open))).toEqual(['ok', 'ok'])
  expect(await receiver.ack(leases(held))).toEqual(held.map(() => 'lost'))
})

test('giving back again what was copied but not deleted makes no second copy', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp()
  await broker.publish('q', messages(10))
  const held = await take(receiver, 10)
  await own.setFaults({ failedEntries: 0.4 })
  let open = held
  for (let round = 0; open.length > 0; round++) {
    expect(round).toBeLessThan(30)
    const settlements = await receiver.nack(leases(open), { delayMs: 0 })
    open = open.filter((_, index) => settlements[index] === 'unknown')
  }
  await own.setFaults({})
  const back = await take(receiver, 11, 2_000)
  expect(idsOf(back)).toEqual(idsOf(held))
  for (const { deliveryCount } of back) expect(deliveryCount).toBe(1)
})

test('while every call is throttled receiving waits, with pauses, and goes on afterwards', async ({
  own,
  setUp,
}) => {
  const { broker, receiver } = await setUp()
  await own.setFaults({ throttled: 1 })
  expect(await broker.publish('q', [message()])).toMatchObject([{ rejected: 'blocked' }])
  const before = (await own.calls()).byAction['ReceiveMessage'] ?? 0
  const receiving = receiver.receive({ max: 1, waitMs: 8_000, signal: new AbortController().signal })
  await sleep(2_500)
  const during = ((await own.calls()).byAction['ReceiveMessage'] ?? 0) - before
  expect(during).toBeGreaterThan(3)
  // Three bands: first 100 ms apart, then up to a second.
  expect(during).toBeLessThan(30)
  await own.setFaults({})
  await broker.publish('q', [message({ id: 'after' })])
  expect(idsOf(await receiving)).toEqual(['after'])
})

test('trouble that outlasts the wait is told, not an empty queue', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp()
  await own.setFaults({ unavailable: 1 })
  const receiving = receiver.receive({ max: 1, waitMs: 200, signal: new AbortController().signal })
  const error = await receiving.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(broker.classify(error)).toBe('connection')
})

test('credentials that have expired pass: nothing is lost, and nothing is taken for empty', async ({
  own,
  setUp,
}) => {
  const { broker, receiver } = await setUp()
  await broker.publish('q', [message({ id: 'kept' })])
  const [held] = await take(receiver, 1)
  await own.setFaults({ expiredCredentials: true })
  const error = await receiver.ack(held ? [held.lease] : []).catch((thrown: unknown) => thrown)
  expect(broker.classify(error)).toBe('blocked')
  expect(await broker.publish('q', [message()])).toMatchObject([{ rejected: 'blocked' }])
  await own.setFaults({})
  expect(await receiver.ack(held ? [held.lease] : [])).toEqual(['ok'])
})

test('what a lost answer took comes back when its lease ends, and is counted', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp(2_000)
  await own.setFaults({ lostReceives: 1 })
  await broker.publish('q', [message({ id: 'lost on the way' })])
  expect(await take(receiver, 1, 500)).toEqual([])
  await own.setFaults({})
  const [back] = await take(receiver, 1, 8_000)
  expect(back).toMatchObject({ message: { id: 'lost on the way' } })
  expect(back?.deliveryCount).toBeGreaterThan(1)
})

test('a message that comes twice has two leases', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp()
  await own.setFaults({ duplicates: 1 })
  await broker.publish('q', [message({ id: 'twin' })])
  const first = await take(receiver, 1)
  await own.setFaults({})
  const second = await take(receiver, 1)
  expect(idsOf([...first, ...second])).toEqual(['twin', 'twin'])
  expect(first[0]?.lease).not.toBe(second[0]?.lease)
  expect(await receiver.ack(leases([...first, ...second]))).toEqual(['ok', 'ok'])
  expect(await take(receiver, 1, 500)).toEqual([])
})

test('a lease that SQS does not lengthen any more is over', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp(3_000)
  await own.setFaults({ visibilityCapMs: 4_000 })
  await broker.publish('q', [message()])
  const held = leases(await take(receiver, 1))
  await sleep(1_200)
  expect(await receiver.extend(held)).toEqual(['lost'])
  expect(await receiver.ack(held)).toEqual(['lost'])
})

test('a renewal that fails for SQS is tried again; the lease goes on meanwhile', async ({ own, setUp }) => {
  const { broker, receiver } = await setUp(4_000)
  await broker.publish('q', [message()])
  const held = leases(await take(receiver, 1))
  await sleep(1_300)
  await own.setFaults({ failedEntries: 1 })
  expect(await receiver.extend(held)).toEqual(['unknown'])
  await own.setFaults({})
  expect(await receiver.extend(held)).toEqual(['ok'])
  await sleep(3_200)
  expect(await receiver.ack(held)).toEqual(['ok'])
})
