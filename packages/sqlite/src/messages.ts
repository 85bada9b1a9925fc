import type { InboundMessage, OutboundMessage, Priority } from '@tq/core/driver'
import { sqliteCapabilities } from './capabilities.ts'
import type { Database } from './database.ts'
import { LimitError } from './errors.ts'
import type { Names } from './names.ts'
import { acceptRecord, checkRecord } from './records.ts'
import type { Transaction } from './transaction.ts'
import { wholeMs } from './wall-time.ts'

const insert = `INSERT INTO tq_messages (seq, queue, priority, due, lost, sent, id, headers, body)
  VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)`

/** Why a message is refused; undefined when it is not. */
export function refusal({ body, delayMs = 0, record }: OutboundMessage): LimitError | undefined {
  const { maxBodyBytes, maxDelayMs } = sqliteCapabilities
  if (body.byteLength > maxBodyBytes) {
    return new LimitError(`a body has ${body.byteLength} bytes, and at most ${maxBodyBytes} fit`)
  }
  if (delayMs > maxDelayMs) return new LimitError(`a delay of ${delayMs} ms is longer than ${maxDelayMs} ms`)
  if (!record) return undefined
  try {
    checkRecord(record)
    return undefined
  } catch (error) {
    return error as LimitError
  }
}

/** Adds a message, and its record, unless the record says that it was accepted before. */
export function addMessage(
  transaction: Transaction,
  names: Names,
  queueName: string,
  message: OutboundMessage,
): void {
  const { id, body, headers, delayMs = 0, priority = 4, record } = message
  if (record && !acceptRecord(transaction, names.namespace, record)) return
  const queue = names.queue(transaction, queueName)
  const { now } = transaction
  const due = dueAt(now, delayMs)
  transaction.run(
    insert,
    transaction.nextSeq(),
    queue,
    priority,
    due,
    due ?? now,
    id,
    headersToText(headers),
    body,
  )
  transaction.touchQueue(queue)
}

/** When a delay is over; null where there is none. A millisecond more, since `now` lost its fraction: never early. */
export function dueAt(now: number, delayMs: number): number | null {
  return delayMs > 0 ? now + wholeMs(delayMs) + 1 : null
}

/** A message that was leased, and what its record says. */
export interface LeasedMessage {
  readonly message: InboundMessage
  readonly seq: number
  readonly lost: number
  readonly sent: number
  readonly state: number | null
  readonly run: string | null
}

type Row = readonly [
  seq: number,
  priority: number,
  lost: number,
  sent: number,
  id: string,
  headers: string | null,
  body: Uint8Array,
  state: number | null,
  run: string | null,
]

const columns = 'm.seq, m.priority, m.lost, m.sent, m.id, m.headers, m.body, r.state, r.run'
const withRecord = `LEFT JOIN tq_records AS r
  ON r.namespace = ?1 AND r.id = m.id AND r.stored + max(r.ttl, r.mark) > ?2`
const ready = 'm.queue = ?3 AND m.receiver IS NULL AND m.due IS NULL'

const fromTop = `SELECT ${columns} FROM tq_messages AS m ${withRecord}
  WHERE ${ready} ORDER BY m.priority DESC, m.seq LIMIT ?4`
const lowest = `SELECT m.priority FROM tq_messages AS m
  WHERE m.queue = ?1 AND m.receiver IS NULL AND m.due IS NULL ORDER BY m.priority LIMIT 1`
const fromLowest = `SELECT ${columns} FROM tq_messages AS m ${withRecord}
  WHERE ${ready} AND m.priority = ?5 ORDER BY m.seq LIMIT ?4`
const hold = 'UPDATE tq_messages SET receiver = ?, delivery = ? WHERE seq = ?'

/** Who leases, and how much. */
export interface LeaseOrder {
  readonly namespace: number
  readonly queue: number
  readonly receiver: number
  readonly delivery: number
  readonly top: number
  /** How many start from the bottom, so that low ones are served too. */
  readonly bottom: number
}

/** Leases what is ready, in the order of priority and age. */
export function leaseMessages(transaction: Transaction, order: LeaseOrder): readonly LeasedMessage[] {
  const { namespace, queue, receiver, delivery, bottom } = order
  const taken: LeasedMessage[] = []
  const take = (rows: readonly Row[]) => {
    for (const row of rows) {
      transaction.run(hold, receiver, delivery, row[0])
      taken.push(leasedOf(row))
    }
  }
  if (bottom > 0) {
    const level = transaction.get<{ priority: number }>(lowest, queue)?.priority
    if (level === undefined) return taken
    take(transaction.lists<Row>(fromLowest, namespace, transaction.now, queue, bottom, level))
  }
  const top = order.top + bottom - taken.length
  if (top > 0) take(transaction.lists<Row>(fromTop, namespace, transaction.now, queue, top))
  // Those from the bottom have their place in the batch; within it the order is the usual one.
  return bottom > 0 ? taken.sort(byRank) : taken
}

function byRank(one: LeasedMessage, other: LeasedMessage): number {
  return other.message.priority - one.message.priority || one.seq - other.seq
}

/** So many that are due move to the back of their priority, in the order of their times. */
const promoteAtOnce = 500
const due = `SELECT seq FROM tq_messages WHERE queue = ? AND due <= ? ORDER BY due LIMIT ${promoteAtOnce}`
const promote = 'UPDATE tq_messages SET seq = ?, due = NULL WHERE seq = ?'

export function promoteDue(transaction: Transaction, queue: number): void {
  for (const { seq } of transaction.all<{ seq: number }>(due, queue, transaction.now)) {
    transaction.run(promote, transaction.nextSeq(), seq)
  }
}

const look = `SELECT
  EXISTS (SELECT 1 FROM tq_messages WHERE queue = ?1 AND receiver IS NULL AND due IS NULL) AS ready,
  (SELECT min(due) FROM tq_messages WHERE queue = ?1 AND due IS NOT NULL) AS due,
  (SELECT min(CASE WHEN deadline > ?2 + lease + 5000 THEN ?2 ELSE deadline END) FROM tq_receivers AS r
    WHERE queue = ?1 AND EXISTS (SELECT 1 FROM tq_messages WHERE queue = ?1 AND receiver = r.id)) AS deadline`

/**
 * Whether something can be leased, and when the next thing happens that time alone brings about. A lease that ends
 * later than it can was begun before the clock was set back: whoever leases next sets it right.
 */
export function lookAt(
  database: Database,
  now: number,
  queue: number,
): { readonly ready: boolean; readonly at: number | null } {
  const found = database.get<{ ready: number; due: number | null; deadline: number | null }>(look, queue, now)
  if (!found) return { ready: false, at: null }
  const { ready, due, deadline } = found
  return {
    ready: ready === 1,
    at: due === null || deadline === null ? (due ?? deadline) : Math.min(due, deadline),
  }
}

function leasedOf([seq, priority, lost, sent, id, headers, body, state, run]: Row): LeasedMessage {
  const message = {
    id,
    body,
    headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
    priority: priority as Priority,
  }
  return { message, seq, lost, sent, state, run }
}

function headersToText(headers: Readonly<Record<string, string>>): string | null {
  for (const _ in headers) return JSON.stringify(headers)
  return null
}
