import type { Clock, Millis } from '@tq/core/driver'
import type { Checkpointer } from './checkpointer.ts'
import { isBusy } from './classify.ts'
import type { Database } from './database.ts'
import type { Syncer } from './syncer.ts'
import type { Transaction } from './transaction.ts'

interface Job {
  /** What it answers must survive a power cut. */
  readonly durable: boolean
  readonly run: (transaction: Transaction) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly addedAt: Millis
  /** It was part of a group that failed, and now goes by itself, so that only the guilty one fails. */
  alone: boolean
}

/** A transaction takes no further job once it ran this long: the event loop has others to serve. */
const longestTurnMs: Millis = 15
/** Between two attempts to get the lock. */
const shortestPauseMs: Millis = 0.5
const longestPauseMs: Millis = 12

/**
 * Group commit: every change asked for in one turn of the event loop goes into one transaction, and into one sync of
 * the disk. Owns all write transactions of a connection. When another process has the lock, all of them wait
 * together, off the event loop. It is quiet when nothing is asked.
 */
export class WriteQueue {
  readonly #database: Database
  readonly #transaction: Transaction
  readonly #clock: Clock
  readonly #busyTimeoutMs: Millis
  readonly #syncer: Syncer | undefined
  readonly #checkpointer: Checkpointer
  #jobs: Job[] = []
  #scheduled = false
  #attempts = 0
  #unsynced = 0
  #idle: (() => void)[] = []

  constructor(
    database: Database,
    transaction: Transaction,
    clock: Clock,
    busyTimeoutMs: Millis,
    syncer: Syncer | undefined,
    checkpointer: Checkpointer,
  ) {
    this.#database = database
    this.#transaction = transaction
    this.#clock = clock
    this.#busyTimeoutMs = busyTimeoutMs
    this.#syncer = syncer
    this.#checkpointer = checkpointer
  }

  /**
   * Runs a change in the next transaction and resolves once that is committed, and synced if it has to be durable.
   * A job reads and writes the database
   * only, and may run more than once until it is: what else it does belongs into `transaction.afterCommit`.
   */
  add<T>(durable: boolean, run: (transaction: Transaction) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const addedAt = this.#clock.monotonic()
      this.#jobs.push({ durable, run, resolve: resolve as Job['resolve'], reject, addedAt, alone: false })
      this.#schedule()
    })
  }

  /** Resolves when nothing waits any more. */
  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  get #isIdle(): boolean {
    return this.#jobs.length === 0 && this.#unsynced === 0
  }

  #turn(): void {
    this.#scheduled = false
    this.#flush()
    if (this.#jobs.length > 0) this.#schedule()
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #flush(): void {
    const group = this.#takeGroup()
    if (group.length === 0 || !this.#begin(group)) return
    let ran = 0
    const values: unknown[] = []
    try {
      const until = performance.now() + longestTurnMs
      for (const job of group) {
        values.push(job.run(this.#transaction))
        ran++
        if (performance.now() > until) break
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#fail(group, error)
      return
    }
    if (ran < group.length) this.#jobs = [...group.slice(ran), ...this.#jobs]
    this.#transaction.committed()
    this.#answer(group.slice(0, ran), values)
    this.#checkpointer.committed()
  }

  #answer(jobs: readonly Job[], values: readonly unknown[]): void {
    const later: (() => void)[] = []
    for (const [index, job] of jobs.entries()) {
      if (!job.durable || !this.#syncer) job.resolve(values[index])
      else later.push(() => job.resolve(values[index]))
    }
    if (later.length > 0) void this.#answerWhenSynced(jobs, later)
  }

  async #answerWhenSynced(jobs: readonly Job[], later: readonly (() => void)[]): Promise<void> {
    this.#unsynced++
    try {
      await this.#syncer?.sync()
      for (const answer of later) answer()
    } catch (error) {
      // Committed, but nobody knows whether it will last. Those that have their answer ignore this.
      for (const job of jobs) job.reject(error)
    } finally {
      this.#unsynced--
      this.#tellIdle()
    }
  }

  #takeGroup(): readonly Job[] {
    const jobs = this.#jobs
    if (jobs[0]?.alone) return [jobs.shift() as Job]
    const end = jobs.findIndex(({ alone }) => alone)
    if (end < 0) {
      this.#jobs = []
      return jobs
    }
    return jobs.splice(0, end)
  }

  /** False when the group has to wait for the lock, or could not begin at all. */
  #begin(group: readonly Job[]): boolean {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
    } catch (error) {
      if (isBusy(error)) this.#waitForLock(group, error)
      else for (const job of group) job.reject(error)
      return false
    }
    this.#attempts = 0
    this.#transaction.begin()
    return true
  }

  #waitForLock(group: readonly Job[], error: unknown): void {
    const tooOld = this.#clock.monotonic() - this.#busyTimeoutMs
    this.#jobs = [...group, ...this.#jobs].filter((job) => {
      if (job.addedAt > tooOld) return true
      job.reject(error)
      return false
    })
    // Random, so that processes do not meet again and again; longer when it keeps failing.
    const longest = Math.min(longestPauseMs, shortestPauseMs * 2 ** ++this.#attempts)
    this.#scheduled = true
    this.#clock.setTimer(shortestPauseMs + Math.random() * longest, () => this.#turn())
  }

  /** Undoes a transaction. A group is tried again one by one; a single job has failed. */
  #fail(group: readonly Job[], error: unknown): void {
    // Some errors, a full disk among them, have undone it already.
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
    if (isBusy(error)) this.#waitForLock(group, error)
    else if (group.length === 1) group[0]?.reject(error)
    else {
      for (const job of group) job.alone = true
      this.#jobs = [...group, ...this.#jobs]
    }
  }
}
