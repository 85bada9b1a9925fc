import type { Clock, Logger, ScheduleBook } from '@tq/core'

/** Clocks that differ by more are set wrongly. */
const noticeableMs = 30_000

/**
 * The time that all beats share: the store's, read now and then and counted on by the monotonic clock. Where the store
 * has none it is this process's own.
 */
export class CommonTime {
  readonly #book: ScheduleBook
  readonly #clock: Clock
  readonly #logger: Logger
  #readAt = Number.NEGATIVE_INFINITY
  #time = 0
  #warned = false

  constructor(book: ScheduleBook, clock: Clock, logger: Logger) {
    this.#book = book
    this.#clock = clock
    this.#logger = logger
  }

  /** Milliseconds since 1970. Read it first. */
  now(): number {
    return this.#time + (this.#clock.monotonic() - this.#readAt)
  }

  /** Asks again when the last answer is older than this. */
  async read(notOlderThanMs: number): Promise<void> {
    const asked = this.#clock.monotonic()
    if (asked - this.#readAt < notOlderThanMs) return
    const time = await this.#book.now()
    // The answer is from somewhere between asking and hearing: from the hearing on, it is never early.
    this.#readAt = this.#clock.monotonic()
    this.#time = time
    const offMs = Math.round(this.#clock.now() - time)
    if (Math.abs(offMs) < noticeableMs || this.#warned) return
    this.#warned = true
    this.#logger.warn("beat: this machine's clock and the store's differ; schedules go by the store's", {
      offMs,
    })
  }
}
