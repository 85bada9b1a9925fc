import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Backend, type Broker, type Delivery, systemClock, type TaskRecord } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Database } from '../src/database.ts'
import { adapter } from '../src/index.ts'
import { sweep } from '../src/sweeper.ts'
import { Transaction } from '../src/transaction.ts'

const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-statements-'))
const file = join(folder, 'tasks.db')
const signal = new AbortController().signal
const day = 86_400_000
let broker: Broker
let backend: Backend

beforeAll(async () => {
  const context = { namespace: 'statements', clock: systemClock }
  const made = [
    adapter.createBroker?.(`sqlite:${file}`, context),
    adapter.createBackend?.(`sqlite:${file}`, context),
  ] as const
  if (!made[0] || !made[1]) throw new Error('the adapter makes both')
  broker = made[0]
  backend = made[1]
  await broker.open()
  await backend.open()
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  await broker.close()
  await backend.close()
  rmSync(folder, { recursive: true, force: true })
})

/** All statements that are run from here on. */
function listen(): string[] {
  const heard: string[] = []
  for (const method of ['exec', 'run', 'all', 'get', 'lists'] as const) {
    const original = Database.prototype[method] as (this: Database, sql: string, ...rest: never[]) => unknown
    vi.spyOn(Database.prototype, method).mockImplementation(function (
      this: Database,
      sql: string,
      ...rest: never[]
    ) {
      heard.push(sql)
      return original.call(this, sql, ...rest)
    } as never)
  }
  return heard
}

function record(id: string, state: TaskRecord['state']): TaskRecord {
  const parts = { generation: 0, attempt: 0, epoch: 0, updatedAt: 0, detail: '{}', ttlMs: day, markMs: day }
  return { id, name: 'a.task', queue: 'q', state, ...parts }
}

function tasks(count: number, queue: string) {
  const body = new Uint8Array(100)
  return Array.from({ length: count }, (_, index) => {
    const id = `${queue} ${index}`
    return { id, body, headers: {}, record: record(id, 'PENDING') }
  })
}

function committed(deliveries: readonly Delivery[]) {
  return deliveries.map(({ lease, message }) => ({ lease, record: record(message.id, 'SUCCESS') }))
}

/** All go together; the sweeper may come in between. */
const areFew = (list: readonly unknown[]) => list.length >= 1 && list.length <= 2

test('statements per task', async () => {
  await broker.declare({ name: 'budget' })
  const receiver = await broker.openReceiver('budget', { leaseMs: 30_000, prefetch: 200 })
  const sending = listen()
  // One call each, all in one turn of the event loop.
  await Promise.all(tasks(100, 'budget').map((message) => broker.publish('budget', [message])))
  expect(
    sending.filter((sql) => sql === 'COMMIT'),
    'transactions of 100 sends',
  ).toSatisfy(areFew)
  expect(sending.length, 'a record and a message each').toBeLessThanOrEqual(2 * 100 + 25)
  vi.restoreAllMocks()

  const leasing = listen()
  const deliveries = await receiver.receive({ max: 100, waitMs: 0, signal })
  expect(deliveries).toHaveLength(100)
  expect(leasing.length, 'a lease each').toBeLessThanOrEqual(100 + 25)
  vi.restoreAllMocks()

  const settling = listen()
  const items = committed(deliveries)
  const settlements = await Promise.all(items.map((item) => receiver.commit?.([item])))
  expect(settlements.flat()).toEqual(items.map(() => 'ok'))
  expect(
    settling.filter((sql) => sql === 'COMMIT'),
    'transactions of 100 commits',
  ).toSatisfy(areFew)
  expect(settling.length, 'a record and a message each').toBeLessThanOrEqual(2 * 100 + 25)
  await receiver.close()
})

test('a commit and the next receive are one transaction', async () => {
  await broker.declare({ name: 'together' })
  await broker.publish('together', tasks(20, 'together'))
  const receiver = await broker.openReceiver('together', { leaseMs: 30_000, prefetch: 200 })
  const first = await receiver.receive({ max: 10, waitMs: 0, signal })
  const heard = listen()
  const committing = receiver.commit?.(committed(first))
  const second = await receiver.receive({ max: 10, waitMs: 0, signal })
  await committing
  expect(second).toHaveLength(10)
  expect(heard.filter((sql) => sql === 'COMMIT')).toHaveLength(1)
  await receiver.ack(second.map(({ lease }) => lease))
  await receiver.close()
})

test('no statement reads a whole table', async () => {
  const heard = listen()
  await useEverything()
  const explainer = new DatabaseSync(file)
  const plans = [...new Set(heard)]
    .filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/i.test(sql))
    // The list of tables is a dozen rows.
    .filter((sql) => !sql.includes('sqlite_schema') && !sql.includes('tq_layout'))
    .map((sql) => {
      const steps = explainer.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      return { sql, steps: steps.map(({ detail }) => detail) }
    })
  explainer.close()
  expect(plans.length, 'statements looked at').toBeGreaterThan(40)
  for (const { sql, steps } of plans) {
    const scans = steps.filter((step) => /^SCAN (?!wanted|json_each|CONSTANT)/.test(step))
    expect(scans, sql).toEqual([])
    // Leasing must not sort a backlog to take its first rows.
    if (sql.includes('tq_messages')) expect(steps, sql).not.toContain('USE TEMP B-TREE FOR ORDER BY')
  }
})

/** Every verb once, and so every statement. */
async function useEverything(): Promise<void> {
  const queue = 'plans'
  const more = { id: 'more', body: new Uint8Array(), headers: { a: 'b' }, delayMs: 1 }
  await broker.declare({ name: queue })
  await broker.publish(queue, [...tasks(40, queue), more])
  const receiver = await broker.openReceiver(queue, { leaseMs: 1, prefetch: 100 })
  const lost = await receiver.receive({ max: 10, waitMs: 100, signal })
  await new Promise((resolve) => setTimeout(resolve, 150))
  const held = await receiver.receive({ max: 32, waitMs: 1_000, signal })
  await receiver.extend(held.map(({ lease }) => lease))
  await receiver.ack(lost.map(({ lease }) => lease))
  await receiver.nack(
    held.slice(0, 2).map(({ lease }) => lease),
    { delayMs: 60_000 },
  )
  await receiver.commit?.(committed(held.slice(2)))
  await receiver.receive({ max: 1, waitMs: 5, signal })
  await broker.admin?.counts(queue)
  await broker.admin?.purge(queue)
  await receiver.close()

  const { results, state } = backend
  const claim = { generation: 0, attempt: 0, ttlMs: day }
  await results.claim([
    { ...claim, id: 'nobody', runId: 'a' },
    { ...claim, id: 'nobody', runId: 'b' },
  ])
  await results.put([record('other', 'STARTED')])
  await results.get(['other', 'nobody'])
  await results.delete(['other'])

  const ttl = { ttlMs: day }
  const value = await state.put('key', 'value', ttl)
  if (typeof value === 'object') await state.put('key', 'again', { ...ttl, ifVersion: value.version })
  await state.get(['key', 'other'])
  await state.delete('key')
  await state.add('collection', 'member', 'value', ttl)
  const { next } = await state.page('collection', { limit: 1 })
  if (next !== undefined) await state.page('collection', { limit: 1, cursor: next })
  await state.remove('collection', 'member')
  await state.expect('join', ['a', 'b'], { ...ttl, sealed: true })
  await state.join([{ join: 'join', child: 'a', value: '1' }])
  await state.joined('join', { limit: 1 })
  await state.park('lot', { key: 'a', value: '' }, { delayMs: 0 })
  await state.due('lot', { limit: 10, leaseMs: 1 })
  await state.unpark('lot', ['a'])
  await state.acquire('place', 'holder', { ...ttl, limit: 1 })
  await state.renew('place', 'holder', ttl)
  await state.holders('place')
  await state.release('place', 'holder')
  await state.take('rate', { limit: 1, windowMs: 1_000, cost: 1 })
  await state.count('count', { a: 1 }, ttl)
  await state.counted(['count'])
  sweepOnce()
}

function sweepOnce(): void {
  const database = new Database(file, 1_000)
  const transaction = new Transaction(database, { now: () => 0 } as never, { watched: false } as never)
  transaction.begin()
  sweep(transaction)
  database.close()
}
