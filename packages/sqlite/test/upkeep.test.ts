import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Backend, Broker, Clock } from '@tq/core/driver'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { adapter } from '../src/index.ts'

const day = 86_400_000
const signal = new AbortController().signal

/** Time that a test moves by hand; timers are the tests' business, too. */
class HandClock implements Clock {
  wall = Date.UTC(2026, 0, 1)
  elapsed = 0
  readonly #timers = new Set<{ at: number; callback: () => void }>()

  now(): number {
    return this.wall
  }

  monotonic(): number {
    return this.elapsed
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.elapsed + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Both clocks go on, as they do on a machine that is left alone. */
  pass(ms: number): void {
    this.wall += ms
    this.elapsed += ms
    for (const timer of [...this.#timers]) {
      if (timer.at > this.elapsed) continue
      this.#timers.delete(timer)
      timer.callback()
    }
  }
}

let folder: string
let clock: HandClock
let broker: Broker
let backend: Backend

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-upkeep-'))
  clock = new HandClock()
  const url = `sqlite:${join(folder, 'tasks.db')}`
  const context = { namespace: 'upkeep', clock }
  const made = [adapter.createBroker?.(url, context), adapter.createBackend?.(url, context)] as const
  if (!made[0] || !made[1]) throw new Error('the adapter makes both')
  broker = made[0]
  backend = made[1]
  await broker.open()
  await backend.open()
})
afterEach(async () => {
  await broker.close()
  await backend.close()
  rmSync(folder, { recursive: true, force: true })
})

function rows(sql: string): unknown[] {
  const database = new DatabaseSync(join(folder, 'tasks.db'))
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function publish(...ids: readonly string[]): Promise<void> {
  await broker.publish(
    'q',
    ids.map((id) => ({ id, body: new Uint8Array(), headers: {} })),
  )
}

async function take(leaseMs: number) {
  const receiver = await broker.openReceiver('q', { leaseMs, prefetch: 10 })
  return { receiver, deliveries: await receiver.receive({ max: 10, waitMs: 0, signal }) }
}

test('what has expired leaves the file, in bounded steps', async () => {
  const { results, state } = backend
  const task = { name: 'a', queue: 'q', generation: 0, attempt: 0, epoch: 0, updatedAt: 0 }
  const ended = Array.from({ length: 1_200 }, (_, index) => {
    const detail = 'x'.repeat(100)
    return { ...task, id: `t${index}`, state: 'SUCCESS', detail, ttlMs: 1_000, markMs: day } as const
  })
  await results.put(ended)
  await state.put('key', 'value', { ttlMs: 1_000 })
  await state.add('collection', 'member', '', { ttlMs: 1_000 })
  await state.expect('join', ['a', 'b'], { ttlMs: 1_000, sealed: true })
  await state.acquire('place', 'holder', { limit: 1, ttlMs: 1_000 })
  await state.take('rate', { limit: 1, windowMs: 1_000, cost: 1 })
  await state.count('count', { a: 1 }, { ttlMs: 1_000 })
  await state.put('kept', 'value', { ttlMs: 3 * day })

  clock.pass(20_000)
  await turns()
  expect(rows('SELECT count(*) AS records, sum(length(detail)) AS bytes FROM tq_records')).toEqual([
    { records: 1_200, bytes: 0 },
  ])
  for (const table of ['members', 'joins', 'children', 'places', 'rates', 'counts']) {
    expect(rows(`SELECT * FROM tq_${table}`), table).toEqual([])
  }
  expect(rows('SELECT key FROM tq_values')).toEqual([{ key: 'kept' }])

  clock.pass(day)
  await turns()
  expect(rows('SELECT * FROM tq_records'), 'marks end, too').toEqual([])
})

test('a machine that slept takes no leases away at once', async () => {
  await publish('a')
  const { receiver, deliveries } = await take(10_000)
  clock.pass(1_000)
  // The wall clock runs on while a laptop sleeps, the monotonic one does not.
  clock.wall += 8 * 3_600_000
  expect((await take(10_000)).deliveries, 'its holder has a lease to renew it').toEqual([])
  clock.pass(5_000)
  expect(await receiver.extend(deliveries.map(({ lease }) => lease))).toEqual(['ok'])
  clock.pass(9_000)
  expect((await take(10_000)).deliveries).toEqual([])
  clock.pass(2_000)
  expect((await take(10_000)).deliveries, 'and then it ends as any').toHaveLength(1)
})

test('a clock that was set back keeps no lease of the dead for long', async () => {
  await publish('a')
  await take(10_000)
  clock.pass(1_000)
  clock.wall -= 3_600_000
  expect((await take(10_000)).deliveries).toEqual([])
  clock.pass(10_500)
  expect((await take(10_000)).deliveries).toHaveLength(1)
})

test('a receiver that is gone leaves nothing behind', async () => {
  await publish('a')
  const { receiver, deliveries } = await take(10_000)
  await receiver.ack(deliveries.map(({ lease }) => lease))
  await receiver.close()
  expect(rows('SELECT * FROM tq_receivers')).toEqual([])
  // As a killed process leaves it: it holds nothing, and nobody closes it.
  await take(10_000)
  clock.pass(2 * day)
  await turns()
  expect(rows('SELECT * FROM tq_receivers')).toEqual([])
})

test('a receiver without leases has none to lose', async () => {
  const receiver = await broker.openReceiver('q', { leaseMs: 1_000, prefetch: 10 })
  const { deliveries } = await take(1_000)
  expect(deliveries).toEqual([])
  clock.pass(60_000)
  await publish('a')
  const [delivery] = await receiver.receive({ max: 1, waitMs: 0, signal })
  expect(delivery).toBeDefined()
  expect(await receiver.ack(delivery ? [delivery.lease] : [])).toEqual(['ok'])
})

test('another clock than the real one offers no keeper', async () => {
  const receiver = await broker.openReceiver('q', { leaseMs: 1_000, prefetch: 1 })
  expect(receiver.keeper).toBeUndefined()
})
