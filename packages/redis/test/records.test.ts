// Records share hashes. Nothing of that may show: each is stored, fenced and forgotten for itself.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Backend,
  type Broker,
  type OutboundMessage,
  systemClock,
  type TaskRecord,
} from '@tq/core/driver'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { missingRedis, startRedis, type TestRedis } from '../../../test/services/redis.ts'
import { adapter } from '../src/index.ts'
import { bucketOf, fieldOf } from '../src/places.ts'

const missing = missingRedis()
const signal = new AbortController().signal
const leasing = { leaseMs: 30_000, prefetch: 500 }

/** Ids that share a bucket. */
const alike = (n: number): string => `0199f3a0-1c2d-7abc-9def-${String(n).padStart(12, '0')}`

function record(id: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  const fixed = { name: 'task', queue: 'q', generation: 0, attempt: 0, epoch: 0, updatedAt: 1, detail: '{}' }
  return { id, state: 'PENDING', ttlMs: 60_000, markMs: 60_000, ...fixed, ...parts }
}

function message(id: string, parts: Partial<OutboundMessage> = {}): OutboundMessage {
  return { id, body: Buffer.from(id), headers: {}, record: record(id), ...parts }
}

describe('places', () => {
  test('ids of one quarter of a second and one run share a bucket, others do not', () => {
    expect(bucketOf(alike(1))).toBe(bucketOf(alike(2)))
    expect(fieldOf(alike(1))).not.toBe(fieldOf(alike(2)))
    const others = [
      alike(1).toUpperCase(),
      alike(1).replace('7abc', '4abc'),
      alike(1).replace('1c2d', '1d2d'),
      `${alike(1)}0`,
      'x',
    ]
    for (const id of others) expect(bucketOf(id), id).not.toBe(bucketOf(alike(1)))
  })

  test('distinct ids have distinct places', () => {
    const ids = ['a', 'a{b}', 'a%7bb%7d', 'a:b', bucketOf(alike(1)), alike(1), alike(2), alike(1).slice(11)]
    expect(new Set(ids.map((id) => `${bucketOf(id)}\0${fieldOf(id)}`)).size).toBe(ids.length)
  })
})

describe.skipIf(missing)('records in shared hashes', { timeout: 30_000 }, () => {
  let server: TestRedis
  let client: Redis
  let broker: Broker
  let backend: Backend

  beforeAll(async () => {
    server = await startRedis([], true)
    client = new Redis(server.url)
    const context = { namespace: 'test', clock: systemClock }
    broker = adapter.createBroker?.(server.url, context) as Broker
    backend = adapter.createBackend?.(server.url, context) as Backend
    await Promise.all([broker.open(), backend.open()])
  })
  beforeEach(async () => {
    await client.flushall()
  })
  afterAll(async () => {
    await Promise.all([broker.close(), backend.close()])
    client.disconnect()
    await server.stop()
  })

  test('a queued task costs little, an ended one leaves the hash of those that go on', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => alike(n))
    await broker.publish(
      'q',
      ids.map((id) => message(id)),
    )
    const keys = await client.keys('tq:test:[or]:*')
    expect(keys).toEqual([`tq:test:o:{${bucketOf(alike(0))}}`])
    expect(await client.pttl(keys[0] ?? '')).toBeGreaterThan(50_000)
    const receiver = await broker.openReceiver('q', leasing)
    const held = await receiver.receive({ max: 20, waitMs: 1_000, signal })
    expect(held.map(({ verdict }) => verdict)).toEqual(held.map(() => 'run'))
    const items = held.map(({ lease, message: { id } }) => ({
      lease,
      record: record(id, { state: 'SUCCESS', epoch: 1, detail: `{"of":"${id}"}` }),
    }))
    expect(await receiver.commit?.(items)).toEqual(held.map(() => 'ok'))
    expect(await client.keys('tq:test:[or]:*')).toEqual([`tq:test:r:{${bucketOf(alike(0))}}`])
    expect(await backend.results.get(ids)).toEqual(items.map((item) => item.record))
    await receiver.close()
  })

  test('each is forgotten in its own time', async () => {
    await backend.results.put([
      record(alike(1), { state: 'SUCCESS', ttlMs: 200, markMs: 200 }),
      record(alike(2), { state: 'SUCCESS' }),
      record(alike(3), { ttlMs: 200, markMs: 200 }),
      record(alike(4)),
    ])
    await sleep(250)
    const found = await backend.results.get([1, 2, 3, 4].map(alike))
    expect(found.map((one) => one?.id)).toEqual([undefined, alike(2), undefined, alike(4)])
    // What is forgotten stands in nobody's way.
    expect(await backend.results.put([record(alike(1))])).toEqual(['stored'])
    expect(await broker.publish('q', [message(alike(3))])).toEqual(['accepted'])
    expect((await broker.admin?.counts('q'))?.ready).toBe(1)
  })

  test('one that was deleted is gone, its neighbours stay', async () => {
    await backend.results.put([record(alike(1)), record(alike(2)), record(alike(3), { state: 'FAILURE' })])
    await backend.results.delete([alike(1), alike(3)])
    const found = await backend.results.get([1, 2, 3].map(alike))
    expect(found.map((one) => one?.id)).toEqual([undefined, alike(2), undefined])
  })

  test('sent twice in one call or in two: one message', async () => {
    const [one, two] = [message(alike(1)), message(alike(2))]
    expect(await broker.publish('q', [one, two, one])).toEqual(Array(3).fill('accepted'))
    expect(await broker.publish('q', [two, message(alike(3))])).toEqual(Array(2).fill('accepted'))
    const receiver = await broker.openReceiver('q', leasing)
    const held = await receiver.receive({ max: 10, waitMs: 1_000, signal })
    expect(held.map(({ message: { id } }) => id)).toEqual([1, 2, 3].map(alike))
    await receiver.close()
  })

  test('two deliveries of a task that end together: the first counts', async () => {
    await broker.publish('q', [message(alike(1)), { ...message(alike(1)), record: undefined as never }])
    const receiver = await broker.openReceiver('q', leasing)
    const held = await receiver.receive({ max: 10, waitMs: 1_000, signal })
    expect(held.length).toBe(2)
    const items = held.map(({ lease }, index) => ({
      lease,
      record: record(alike(1), { state: 'SUCCESS', epoch: 1, detail: `{"n":${index}}` }),
    }))
    expect(await receiver.commit?.(items)).toEqual(['ok', 'stale'])
    expect((await backend.results.get([alike(1)]))[0]?.detail).toBe('{"n":0}')
    await receiver.close()
  })

  test('a run again of a task that ended moves back, and a late end of the first run is stale', async () => {
    const put = async (parts: Partial<TaskRecord>) =>
      (await backend.results.put([record(alike(1), parts)]))[0]
    expect(await put({ state: 'FAILURE' })).toBe('stored')
    expect(await put({ generation: 1 })).toBe('stored')
    expect(await put({ state: 'SUCCESS', epoch: 9 })).toBe('stale')
    expect((await backend.results.get([alike(1)]))[0]).toMatchObject({ generation: 1, state: 'PENDING' })
    expect(await client.keys('tq:test:r:*')).toEqual([])
  })

  test('a claim keeps what the record said, in short or in full', async () => {
    const [short, full] = [record(alike(1)), record(alike(2), { detail: '{"a":1}' })]
    await backend.results.put([short, full])
    const claims = [alike(1), alike(2), alike(3)].map((id) => ({
      id,
      generation: 0,
      attempt: 0,
      runId: 'run',
      ttlMs: 1_000,
    }))
    expect(await backend.results.claim(claims)).toEqual(claims.map(() => ({ epoch: 1 })))
    expect(await backend.results.claim(claims)).toEqual(claims.map(() => ({ epoch: 1 })))
    const found = await backend.results.get([alike(1), alike(2), alike(3)])
    expect(found).toEqual([{ ...short, epoch: 1 }, { ...full, epoch: 1 }, undefined])
    expect((await backend.results.put([record(alike(1))]))[0]).toBe('stale')
  })

  test('an id of any shape finds its record when its message is leased', async () => {
    const ids = ['a', 'a{b}c', '%7b', 'a:b', 'ä'.repeat(18), 'x'.repeat(200), alike(1), 'ä'.repeat(36)]
    await broker.publish(
      'q',
      ids.map((id) => message(id)),
    )
    await backend.results.put(ids.map((id) => record(id, { state: 'REVOKED' })))
    const receiver = await broker.openReceiver('q', leasing)
    const held = await receiver.receive({ max: 10, waitMs: 1_000, signal })
    expect(held.map(({ verdict }) => verdict)).toEqual(ids.map(() => 'revoked'))
    expect(held.map(({ message: { id } }) => id)).toEqual(ids)
    await receiver.close()
  })
})
