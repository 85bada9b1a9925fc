import type { Clock, Millis } from '@tq/core/driver'

const beatMs: Millis = 250
/** Two beats further apart than this: the loop was blocked, or the process was stopped. */
const gapMs: Millis = 750
/** What such a gap held up is through within this. */
const aftermathMs: Millis = 1_000

/**
 * Knows since when an answer may have lain unread. A process that was stopped, or whose loop was blocked, finds answers
 * that came long ago: a lease does not start when it is read.
 */
export class LoopWatch {
  readonly #clock: Clock
  #users = 0
  #beat = 0
  #gap: { readonly from: Millis; readonly seenAt: Millis } | undefined
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Watches until what is returned is called. */
  watch(): () => void {
    if (this.#users++ === 0) this.#plan()
    let over = false
    return () => {
      if (over) return
      over = true
      if (--this.#users === 0) this.#cancel?.()
    }
  }

  /** The earliest that what is read now may have come. */
  get unreadSince(): Millis {
    const now = this.#clock.monotonic()
    this.#look(now)
    return this.#gap && now - this.#gap.seenAt < aftermathMs
      ? this.#gap.from
      : Math.max(this.#beat, now - beatMs)
  }

  #plan(): void {
    this.#beat = this.#clock.monotonic()
    const beat = () => {
      const now = this.#clock.monotonic()
      this.#look(now)
      this.#beat = now
      this.#cancel = this.#clock.setTimer(beatMs, beat, { background: true })
    }
    this.#cancel = this.#clock.setTimer(beatMs, beat, { background: true })
  }

  #look(now: Millis): void {
    if (now - this.#beat < gapMs) return
    // The gap goes on until a beat ends it; answers read before that beat belong to it.
    if (this.#gap?.from !== this.#beat) this.#gap = { from: this.#beat, seenAt: now }
  }
}
