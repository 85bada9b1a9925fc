import type { Clock, Millis } from '@tq/core/driver'
import type { Database } from './database.ts'

/** Looks at the log after so many commits, or so long. */
const often = { commits: 16, ms: 100 }
/** Where SQLite is older than 3.51, as in Node 22, a look is no mere look: it moves, and syncs, what is there. */
const seldom = { commits: 32, ms: 300 }
/** Pages in the log that are moved into the database at once: a few milliseconds. */
const movePages = 1_000
/** A log of so many pages is begun anew, even if all writers have to stand still for that. */
const restartPages = 4_000

interface Log {
  readonly log: number
  readonly checkpointed: number
}

/**
 * Moves what is in the write-ahead log into the database and keeps the log short. SQLite does that by itself only
 * where a moment comes without a writer. With several busy processes none comes: the log would grow without end,
 * and each commit would move, and sync, a few pages. So it is done here, seldom, and if need be with a pause for all.
 */
export class Checkpointer {
  readonly #database: Database
  readonly #clock: Clock
  readonly #every: { readonly commits: number; readonly ms: Millis }
  #commits = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
    database.exec('PRAGMA wal_autocheckpoint = 0')
    const version = database.get<{ version: string }>('SELECT sqlite_version() AS version')?.version ?? ''
    const [major = 0, minor = 0] = version.split('.').map(Number)
    this.#every = major > 3 || minor >= 51 ? often : seldom
  }

  /** Outside a transaction, after each commit. */
  committed(): void {
    const now = this.#clock.monotonic()
    if (++this.#commits < this.#every.commits && now - this.#lookedAt < this.#every.ms) return
    this.#commits = 0
    this.#lookedAt = now
    try {
      this.#look()
    } catch {
      // Somebody else is at it, or the disk is full: nothing is lost, and the next look tries again.
    }
  }

  #look(): void {
    // Moves nothing where it is known, and else what it can.
    const before = this.#checkpoint('NOOP')
    if (before.log - before.checkpointed >= movePages) this.#checkpoint('PASSIVE')
    if (before.log >= restartPages) this.#checkpoint('RESTART')
  }

  #checkpoint(mode: 'NOOP' | 'PASSIVE' | 'RESTART'): Log {
    return this.#database.get<Log>(`PRAGMA wal_checkpoint(${mode})`) ?? { log: 0, checkpointed: 0 }
  }
}
