import type { Clock, Millis } from '@tq/core/driver'

/** What is read ahead is work for so long, at the pace of late. */
const aheadMs: Millis = 50
/** Pace is measured over spans of this. */
const spanMs: Millis = 200

/** How fast a worker asks for more: a fast one is read ahead for, so that calls come back full. */
export class Pace {
  readonly #clock: Clock
  #since = 0
  #count = 0
  #perMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  handedOut(count: number): void {
    this.#turn()
    this.#count += count
  }

  get perMs(): number {
    this.#turn()
    return this.#perMs
  }

  /** So many messages are soon wanted. */
  get ahead(): number {
    return Math.floor(this.perMs * aheadMs)
  }

  #turn(): void {
    const now = this.#clock.monotonic()
    const past = now - this.#since
    if (past < spanMs) return
    this.#perMs = this.#count / past
    this.#count = 0
    this.#since = now
  }
}
