import type { Clock, Millis } from '../contracts/time.ts'

/** One timer for the next of many due times. May ring early: who is rung looks what is due and sets it again. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel = () => {}

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Only ever moves it forward. A later one would save a ring, and cost a timer for every message. */
  set(at: Millis): void {
    if (at >= this.#at) return
    this.#cancel()
    this.#at = at
    this.#cancel = this.#clock.setTimer(at - this.#clock.monotonic(), () => this.#rung(), {
      background: true,
    })
  }

  #rung(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
