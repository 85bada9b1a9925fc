import type { ClaimOutcome, ClaimRequest, TaskRecord, TaskState } from '@tq/core/driver'
import type { Database } from './database.ts'
import { LimitError } from './errors.ts'
import type { Transaction } from './transaction.ts'
import { wholeMs } from './wall-time.ts'

/** The longest record detail or state value. */
export const maxValueBytes = 64 * 1_048_576

/** By their number in the table; from `firstEnd` on nothing can follow. */
export const states: readonly TaskState[] = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
export const firstEnd = 3
const revoked = 5

/** A record, or the memory of one, counts until this instant. */
const forgottenAt = 'tq_records.stored + max(tq_records.ttl, tq_records.mark)'

const insert = `INSERT INTO tq_records
  (namespace, id, name, queue, state, generation, attempt, epoch, updated, ttl, mark, stored, sweep, first, detail)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (namespace, id) DO UPDATE SET
    name = excluded.name, queue = excluded.queue, state = excluded.state, generation = excluded.generation,
    attempt = excluded.attempt, epoch = excluded.epoch, updated = excluded.updated, ttl = excluded.ttl,
    mark = excluded.mark, stored = excluded.stored, sweep = excluded.sweep, detail = excluded.detail,
    run = CASE WHEN ${forgottenAt} > excluded.stored THEN run END,
    first = CASE WHEN first > 0 AND ${forgottenAt} > excluded.stored THEN first ELSE excluded.first END
  WHERE ${forgottenAt} <= excluded.stored OR excluded.generation > tq_records.generation
    OR (excluded.generation = tq_records.generation AND tq_records.state < ${firstEnd} AND `

/** Fenced by (generation, attempt, epoch); a run may write again what it wrote. */
const put = `${insert} (excluded.attempt, excluded.epoch) >= (tq_records.attempt, tq_records.epoch))`
/** A task sent before is not sent again. */
const accept = `${insert} excluded.attempt > tq_records.attempt)`

/** Stores a record unless a later or final one is there. */
export function putRecord(transaction: Transaction, namespace: number, record: TaskRecord): boolean {
  return write(transaction, put, namespace, record)
}

/** Stores the record of a task that is sent; false when that attempt was accepted before. */
export function acceptRecord(transaction: Transaction, namespace: number, record: TaskRecord): boolean {
  return write(transaction, accept, namespace, record)
}

/** What a record says of a delivery; undefined where only a claim can tell. */
export function verdictOf(
  state: number | null,
  run: string | null,
): 'run' | 'terminal' | 'revoked' | undefined {
  if (state === null) return undefined
  if (state >= firstEnd) return state === revoked ? 'revoked' : 'terminal'
  // Once runs have claimed a task they write with the numbers of claims, so that the next one needs one, too.
  return run === null ? 'run' : undefined
}

/** @throws LimitError */
export function checkRecord({ id, detail }: TaskRecord): void {
  if (isLonger(detail, maxValueBytes)) {
    throw new LimitError(`the record of '${id}' is longer than ${maxValueBytes} bytes`)
  }
}

/** Whether a text has more bytes than allowed; counts them only where it may. */
export function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}

/** The subject of a watch on a record. */
export function recordSubject(namespace: number, id: string): string {
  return `record ${namespace} ${id}`
}

function write(transaction: Transaction, sql: string, namespace: number, record: TaskRecord): boolean {
  const { id, name, queue, state, generation, attempt, epoch, updatedAt, detail } = record
  const { now } = transaction
  const ttl = wholeMs(record.ttlMs)
  const mark = wholeMs(record.markMs)
  const changed = transaction.run(
    sql,
    namespace,
    id,
    name,
    queue,
    states.indexOf(state),
    generation,
    attempt,
    epoch,
    Math.trunc(updatedAt),
    ttl,
    mark,
    now,
    now + ttl,
    now,
    detail,
  )
  if (changed === 0) return false
  transaction.touch(recordSubject(namespace, id))
  return true
}

interface Row {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: number
  readonly generation: number
  readonly attempt: number
  readonly epoch: number
  readonly updated: number
  readonly ttl: number
  readonly mark: number
  readonly stored: number
  readonly detail: string
}

const select = `SELECT r.* FROM json_each(?) AS wanted
  JOIN tq_records AS r ON r.namespace = ? AND r.id = wanted.value
  WHERE r.stored + r.ttl > ?`

/** What has been committed for so long has been synced by whoever committed it. */
const surelySyncedMs = 10_000

/** Those that can be read, by id; and whether one of them ended so recently that its end may not be on the disk. */
export function readRecords(
  database: Database,
  now: number,
  namespace: number,
  ids: readonly string[],
): { readonly records: ReadonlyMap<string, TaskRecord>; readonly recentEnd: boolean } {
  const rows = database.all<Row>(select, JSON.stringify(ids), namespace, now)
  return {
    records: new Map(rows.map((row) => [row.id, recordOf(row)])),
    recentEnd: rows.some(({ state, stored }) => state >= firstEnd && stored > now - surelySyncedMs),
  }
}

function recordOf(row: Row): TaskRecord {
  const { id, name, queue, state, generation, attempt, epoch, updated, detail, ttl, mark } = row
  return {
    id,
    name,
    queue,
    state: states[state] ?? 'PENDING',
    generation,
    attempt,
    epoch,
    updatedAt: updated,
    detail,
    ttlMs: ttl,
    markMs: mark,
  }
}

/** Those that lie there, in the order of the places. */
export function recordsAt(database: Database, places: readonly number[]): readonly TaskRecord[] {
  const rows = database.all<Row>(
    'SELECT r.* FROM json_each(?) AS wanted JOIN tq_records AS r ON r.rowid = wanted.value ORDER BY wanted.key',
    JSON.stringify(places),
  )
  return rows.map(recordOf)
}

/** Record and mark. */
export function forgetRecord(transaction: Transaction, namespace: number, id: string): void {
  transaction.run('DELETE FROM tq_records WHERE namespace = ? AND id = ?', namespace, id)
  transaction.touch(recordSubject(namespace, id))
}

interface Claimed extends Row {
  readonly run: string | null
}

/** Gives a run the right to write, and takes it from all before. */
export function claimRecord(transaction: Transaction, namespace: number, claim: ClaimRequest): ClaimOutcome {
  const { id, generation, attempt, runId } = claim
  const { now } = transaction
  const known = transaction.get<Claimed>(
    `SELECT * FROM tq_records WHERE namespace = ? AND id = ? AND ${forgottenAt} > ?`,
    namespace,
    id,
    now,
  )
  if (!known || known.generation < generation) {
    remember(transaction, namespace, claim)
    return { epoch: 1 }
  }
  if (known.generation > generation) return 'superseded'
  if (known.state >= firstEnd) return known.state === revoked ? 'revoked' : 'terminal'
  if (known.attempt > attempt) return 'superseded'
  if (known.attempt === attempt && known.run === runId) return { epoch: known.epoch }
  const epoch = known.epoch + 1
  transaction.run(
    'UPDATE tq_records SET attempt = ?, epoch = ?, run = ? WHERE namespace = ? AND id = ?',
    attempt,
    epoch,
    runId,
    namespace,
    id,
  )
  return { epoch }
}

/** A claim of a task without a record is remembered in a row that does not read as one. */
function remember(transaction: Transaction, namespace: number, claim: ClaimRequest): void {
  const { now } = transaction
  const mark = wholeMs(claim.ttlMs)
  const { id, generation, attempt, runId } = claim
  transaction.run(
    `INSERT OR REPLACE INTO tq_records
      (namespace, id, name, queue, state, generation, attempt, epoch, updated, ttl, mark, stored, sweep, run, first, detail)
      VALUES (?, ?, '', '', 0, ?, ?, 1, ?, 0, ?, ?, ?, ?, 0, '')`,
    namespace,
    id,
    generation,
    attempt,
    now,
    mark,
    now,
    now + mark,
    runId,
  )
}
