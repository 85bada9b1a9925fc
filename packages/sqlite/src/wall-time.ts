import type { Clock, Millis } from '@tq/core/driver'

/** The clock was set, or the machine slept, when wall time and monotonic time part by more than this. */
const jumpMs: Millis = 1_000

/**
 * The time that several processes agree on. SQLite has no clock of its own, and all its users are on one machine,
 * so that machine's wall clock is the store's. A wall clock can be set, though, and it runs on while a laptop
 * sleeps: then every lease seems to have ended at once. So a jump is noticed, and for one lease after it nobody's
 * lease is taken away: its holder has that long to renew it.
 */
export class WallTime {
  readonly #clock: Clock
  #offset: Millis
  #jumpedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offset = clock.now() - clock.monotonic()
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    const now = this.#clock.now()
    const monotonic = this.#clock.monotonic()
    const offset = now - monotonic
    if (offset - this.#offset > jumpMs) this.#jumpedAt = monotonic
    this.#offset = offset
    return Math.floor(now)
  }

  /** How long ago the clock last jumped forward; very long if never. */
  sinceJump(): Millis {
    const since = this.#clock.monotonic() - this.#jumpedAt
    return Number.isFinite(since) ? Math.floor(since) : Number.MAX_SAFE_INTEGER
  }

  /** The instant a time to live or a delay ends: whole, never early, and small enough for an exact number. */
  after(ms: Millis, now: number): number {
    return now + wholeMs(ms)
  }
}

/** Longer than anything is kept: 1,000 years. */
const longestMs: Millis = 1_000 * 365 * 86_400_000

/** A duration as a whole number that SQLite and JavaScript both keep exactly; endless ones become very long. */
export function wholeMs(ms: Millis): Millis {
  return Math.min(Math.max(0, Math.ceil(ms)), longestMs)
}
