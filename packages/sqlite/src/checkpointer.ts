import type { Clock, Millis } from '@tq/core/driver'
import type { Database } from './database.ts'

/** Looks at the log after so many commits, or so long. */
const commitsPerLook = 16
const lookEveryMs: Millis = 100
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
  #commits = 0
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
    database.exec('PRAGMA wal_autocheckpoint = 0')
  }

  /** Outside a transaction, after each commit. */
  committed(): void {
    const now = this.#clock.monotonic()
    if (++this.#commits < commitsPerLook && now - this.#lookedAt < lookEveryMs) return
    this.#commits = 0
    this.#lookedAt = now
    try {
      this.#look()
    } catch {
      // Somebody else is at it, or the disk is full: nothing is lost, and the next look tries again.
    }
  }

  #look(): void {
    // Moves nothing. (SQLite before 3.51 does not know NOOP and moves what it can: right too, only slower.)
    const before = this.#checkpoint('NOOP')
    if (before.log - before.checkpointed >= movePages) this.#checkpoint('PASSIVE')
    if (before.log >= restartPages) this.#checkpoint('RESTART')
  }

  #checkpoint(mode: 'NOOP' | 'PASSIVE' | 'RESTART'): Log {
    return this.#database.get<Log>(`PRAGMA wal_checkpoint(${mode})`) ?? { log: 0, checkpointed: 0 }
  }
}
