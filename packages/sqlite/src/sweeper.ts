import type { Clock, Millis } from '@tq/core/driver'
import type { Transaction } from './transaction.ts'

/** At most so many rows of a table per transaction: a few milliseconds. */
const rows = 500
/** One sweep for so many changes, so that sweeping keeps up with any rate of writing. */
const changesPerSweep = 200
const everyMs: Millis = 15_000
/** A receiver whose process died holding nothing is forgotten after a day. */
const receiverKeptMs: Millis = 86_400_000

const expiring = ['tq_values', 'tq_members', 'tq_places', 'tq_rates', 'tq_counts'] as const

/**
 * Removes what has expired, a bounded number of rows at a time: with the writing, and by a slow timer when there is
 * none. Expired rows are invisible before that, so being late costs room, never correctness.
 */
export class Sweeper {
  readonly #clock: Clock
  readonly #write: (sweep: (transaction: Transaction) => boolean) => Promise<boolean>
  #changes = 0
  #sweeping = false
  #closed = false
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, write: (sweep: (transaction: Transaction) => boolean) => Promise<boolean>) {
    this.#clock = clock
    this.#write = write
    this.#plan()
  }

  /** A change was asked for. */
  wrote(): void {
    if (++this.#changes >= changesPerSweep) void this.#sweep()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
  }

  #plan(): void {
    this.#cancelTimer = this.#clock.setTimer(
      everyMs,
      () => {
        void this.#sweep()
        this.#plan()
      },
      { background: true },
    )
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping || this.#closed) return
    this.#sweeping = true
    this.#changes = 0
    try {
      while (await this.#write(sweep)) if (this.#closed) return
    } catch {
      // Nobody waits for it: the next sweep tries again, and a broken file shows in the calls that matter.
    } finally {
      this.#sweeping = false
    }
  }
}

/** One bounded round over all tables; true when there is more. */
export function sweep(transaction: Transaction): boolean {
  const { now } = transaction
  let more = sweepRecords(transaction)
  for (const table of expiring) {
    const sql = `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires <= ? LIMIT ${rows})`
    if (transaction.run(sql, now) === rows) more = true
  }
  if (sweepJoins(transaction)) more = true
  transaction.run(
    'DELETE FROM tq_receivers WHERE deadline < ? AND NOT EXISTS (SELECT 1 FROM tq_messages WHERE queue = tq_receivers.queue AND receiver = tq_receivers.id)',
    now - receiverKeptMs,
  )
  return more
}

/** A record that is no longer read gives its room back at once; its mark stays as long as it was asked to. */
function sweepRecords(transaction: Transaction): boolean {
  const { now } = transaction
  const due = `SELECT rowid FROM tq_records WHERE sweep <= ? ORDER BY sweep LIMIT ${rows}`
  const forgotten = transaction.run(
    `DELETE FROM tq_records WHERE stored + max(ttl, mark) <= ? AND rowid IN (${due})`,
    now,
    now,
  )
  const emptied = transaction.run(
    `UPDATE tq_records SET detail = '', sweep = stored + max(ttl, mark) WHERE rowid IN (${due})`,
    now,
  )
  return forgotten === rows || emptied === rows
}

function sweepJoins(transaction: Transaction): boolean {
  const join = transaction.get<{ id: number }>(
    'SELECT id FROM tq_joins WHERE expires <= ? ORDER BY expires LIMIT 1',
    transaction.now,
  )
  if (!join) return false
  const children = transaction.run(
    `DELETE FROM tq_children WHERE place IN (SELECT place FROM tq_children WHERE parent = ? LIMIT ${rows})`,
    join.id,
  )
  if (children < rows) transaction.run('DELETE FROM tq_joins WHERE id = ?', join.id)
  return true
}
