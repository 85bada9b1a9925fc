import type { Millis } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import type { Sql } from './statement.ts'

/** At most so many rows of a table per statement: some milliseconds. */
const atOnce = 1_000
/** One sweep for so many changes, so that sweeping keeps up with any rate of writing. */
const changesPerSweep = 2_000
const everyMs: Millis = 15_000

/** Rows that are locked are in somebody's hands, perhaps another sweeper's. */
const some = `LIMIT ${atOnce} FOR UPDATE SKIP LOCKED`

const expired = (table: string, further = 'true'): Sql => `DELETE FROM @.${table} WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM @.${table} WHERE sweep <= now() AND ${further} ORDER BY sweep ${some}))`

/** A record that is no longer read gives its room back at once; its mark stays as long as it was asked to. */
const emptied: Sql = `UPDATE @.records SET detail = '', sweep = forgotten WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM @.records WHERE sweep <= now() AND forgotten > now() ORDER BY sweep ${some}))`

const children: Sql = `DELETE FROM @.children WHERE ctid = ANY (ARRAY(
  SELECT c.ctid FROM @.joins AS j JOIN @.children AS c ON c.parent = j.id WHERE j.sweep <= now()
  LIMIT ${atOnce} FOR UPDATE OF c SKIP LOCKED))`
const joins: Sql = `WITH gone AS (DELETE FROM @.joins WHERE ctid = ANY (ARRAY(
    SELECT j.ctid FROM @.joins AS j WHERE j.sweep <= now()
      AND NOT EXISTS (SELECT FROM @.children AS c WHERE c.parent = j.id) ORDER BY j.sweep ${some})) RETURNING id)
  DELETE FROM @.reported WHERE parent IN (SELECT id FROM gone)`

const steps: readonly Sql[] = [
  expired('records', 'forgotten <= now()'),
  emptied,
  ...['values', 'members', 'places', 'rates', 'counts'].map((table) => expired(table)),
  children,
  joins,
]

/**
 * Removes what has expired, a bounded number of rows at a time, by an index: with the writing, and by a slow timer when
 * there is none. Expired rows are invisible before that, so being late costs room, never correctness.
 */
export class Sweeper {
  readonly #connection: Connection
  #changes = 0
  #sweeping = false
  #closed = false
  #cancelTimer: (() => void) | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onWrite = (rows) => {
      this.#changes += rows
      if (this.#changes >= changesPerSweep) void this.#sweep()
    }
  }

  /** Begins the slow timer. Idempotent. */
  start(): void {
    if (!this.#cancelTimer) this.#plan()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
  }

  #plan(): void {
    if (this.#closed) return
    // Apart from the other processes, which began at the same moment.
    const inMs = everyMs * (0.5 + Math.random())
    const sweepAndPlan = () => void this.#sweep().finally(() => this.#plan())
    this.#cancelTimer = this.#connection.clock.setTimer(inMs, sweepAndPlan, { background: true })
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closed) return
    this.#sweeping = true
    this.#changes = 0
    try {
      await sweepAll(this.#connection, () => this.#closed)
    } catch {
      // Nobody waits for it: the next sweep tries again, and a broken database shows in the calls that matter.
    } finally {
      this.#sweeping = false
    }
  }
}

/** Everything that can go now; ends early when `enough`. */
export async function sweepAll(connection: Connection, enough: () => boolean = () => false): Promise<void> {
  for (const step of steps) {
    for (let removed = atOnce; removed >= atOnce && !enough(); ) {
      removed = (await connection.query(step, [])).count
    }
  }
}
