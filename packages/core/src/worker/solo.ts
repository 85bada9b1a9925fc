import type { Clock, Millis } from '../contracts/time.ts'
import type { Job } from './job.ts'

/** The longest that everything else waits for suspects in one piece. Over time it is half of the time at most. */
const longestMs: Millis = 10_000

/**
 * The worker given over to one task that may bring its process down: from when that is held until it has run. A worker
 * that holds nothing else then loses nothing else with it.
 */
export class Solo {
  readonly #clock: Clock
  #holder: Job | undefined
  /** How much of the longest time is used up; what is spent on other tasks earns it back. */
  #usedMs: Millis = 0
  #countedAt: Millis = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether nothing but its holder may start now. */
  isGivenOver(): boolean {
    return this.#holder !== undefined && this.#countTime() < longestMs
  }

  /** False when suspects have held up the others for long enough: it runs beside them. */
  claim(job: Job): boolean {
    if (this.#holder !== undefined || this.#countTime() >= longestMs) return false
    this.#holder = job
    return true
  }

  /** It has run, or will not run here. */
  end(job: Job): void {
    if (this.#holder !== job) return
    this.#countTime()
    this.#holder = undefined
  }

  #countTime(): Millis {
    const now = this.#clock.monotonic()
    const passed = now - this.#countedAt
    this.#countedAt = now
    this.#usedMs =
      this.#holder === undefined
        ? Math.max(0, this.#usedMs - passed)
        : Math.min(longestMs, this.#usedMs + passed)
    return this.#usedMs
  }
}
