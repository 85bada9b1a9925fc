import type { Millis } from '../contracts/time.ts'

/** How much work may wait beside the slots: a short task's worth of round trips, never a long task's. */
const workMs: Millis = 100
/** Runs to see before anything is read ahead. */
const firstRuns = 8

/**
 * Bounds the tasks held ready beyond the free slots to about 100 ms of measured work, so that a queue of short
 * tasks never waits for a round trip and a queue of long ones is left to other workers.
 */
export class ReadAhead {
  readonly #most: number
  #concurrency: number
  #runs = 0
  #averageMs = 0

  constructor(most: number, concurrency: number) {
    this.#most = most
    this.#concurrency = concurrency
  }

  /** The worker has more or fewer slots now. */
  resize(concurrency: number): void {
    this.#concurrency = concurrency
  }

  /** A run has ended. A long one counts at once, short ones have to earn trust back. */
  observe(runMs: Millis): void {
    this.#runs++
    this.#averageMs =
      runMs > this.#averageMs ? (this.#averageMs + runMs) / 2 : this.#averageMs * 0.95 + runMs * 0.05
  }

  get room(): number {
    if (this.#runs < firstRuns || this.#averageMs > workMs) return 0
    return Math.min(this.#most, Math.floor((workMs * this.#concurrency) / Math.max(this.#averageMs, 0.01)))
  }
}
