import type { Backend } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'

/** Two clocks part by a few seconds a day at most: often enough. */
const askAgainAfterMs: Millis = 600_000

/** The service's time, where it has a clock, else this machine's; in milliseconds since 1970. */
export async function serviceNow(clock: Clock, backend: Backend | undefined): Promise<number> {
  return (await backend?.now?.()) ?? clock.now()
}

/**
 * The time that all processes of an app agree on: the service's, where it has a clock, else this machine's. Asked for
 * once in a while and carried on by the monotonic clock between, so reading it is cheap, and setting this machine's clock
 * changes nothing.
 */
export class ServiceTime {
  readonly #clock: Clock
  readonly #ask: (() => Promise<number>) | undefined
  /** What to add to the monotonic clock. */
  #offset: Millis | undefined
  #askedAt: Millis = 0

  constructor(clock: Clock, backend: Backend | undefined) {
    this.#clock = clock
    this.#ask = backend?.now && (() => backend.now?.() as Promise<number>)
  }

  /** In milliseconds since 1970. */
  now(): number {
    if (this.#offset === undefined) return this.#clock.now()
    const monotonic = this.#clock.monotonic()
    if (monotonic - this.#askedAt > askAgainAfterMs) {
      this.#askedAt = monotonic
      // What it said last is still good.
      this.sync().catch(() => {})
    }
    return Math.round(monotonic + this.#offset)
  }

  /** Asks the service. */
  async sync(): Promise<void> {
    if (!this.#ask) return
    const before = this.#clock.monotonic()
    const now = await this.#ask()
    const after = this.#clock.monotonic()
    this.#askedAt = after
    this.#offset = now - (before + after) / 2
  }
}
