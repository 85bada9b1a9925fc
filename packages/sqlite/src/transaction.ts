import type { SQLInputValue } from 'node:sqlite'
import type { Database } from './database.ts'
import type { Wakeups } from './wakeups.ts'
import type { WallTime } from './wall-time.ts'

/**
 * What a change works with while its transaction is open. One object serves all transactions of a connection, since
 * there is never more than one.
 */
export class Transaction {
  readonly #database: Database
  readonly #time: WallTime
  readonly #wakeups: Wakeups
  readonly #queues = new Set<number>()
  readonly #subjects = new Set<string>()
  #afterCommit: (() => void)[] = []
  #now = 0
  #lastSeq: number | undefined
  #reclaimedAt = 0

  constructor(database: Database, time: WallTime, wakeups: Wakeups) {
    this.#database = database
    this.#time = time
    this.#wakeups = wakeups
  }

  /** One instant for the whole transaction. */
  get now(): number {
    return this.#now
  }

  get time(): WallTime {
    return this.#time
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#database.run(sql, ...values)
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#database.all<Row>(sql, ...values)
  }

  lists<Row extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#database.lists<Row>(sql, ...values)
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#database.get<Row>(sql, ...values)
  }

  /** A place behind all messages there are. */
  nextSeq(): number {
    this.#lastSeq ??= this.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM tq_messages')?.seq ?? 0
    return ++this.#lastSeq
  }

  /** A number higher than any it gave before, on this file. */
  nextNumber(): number {
    const sql = 'UPDATE tq_sequence SET value = value + 1 WHERE id = 1 RETURNING value'
    return this.get<{ value: number }>(sql)?.value ?? 0
  }

  /** Whether it is time to look for expired leases: not with every batch, but ten times a second. */
  timeToReclaim(): boolean {
    if (Math.abs(this.#now - this.#reclaimedAt) < 100) return false
    this.#reclaimedAt = this.#now
    return true
  }

  /** Messages of this queue became receivable, or will. */
  touchQueue(queue: number): void {
    this.#queues.add(queue)
  }

  /** Something that may be watched has changed. */
  touch(subject: string): void {
    if (this.#wakeups.watched) this.#subjects.add(subject)
  }

  /** For what must not happen when the transaction is undone. */
  afterCommit(act: () => void): void {
    this.#afterCommit.push(act)
  }

  /** For the write queue: a transaction has begun. */
  begin(): void {
    this.#now = this.#time.now()
    this.#lastSeq = undefined
    this.#queues.clear()
    this.#subjects.clear()
    this.#afterCommit = []
  }

  /** For the write queue: it is durable, and others may see it. */
  committed(): void {
    for (const act of this.#afterCommit) act()
    for (const queue of this.#queues) this.#wakeups.wake(queue)
    for (const subject of this.#subjects) this.#wakeups.hint(subject)
  }
}
