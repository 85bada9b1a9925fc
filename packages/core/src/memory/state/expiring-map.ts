import type { Clock, Millis } from '../../contracts/time.ts'

/** A map whose entries leave by themselves. Swept when it has doubled: constant work per entry, no timers. */
export class ExpiringMap<V> {
  readonly #clock: Clock
  readonly #entries = new Map<string, { value: V; until: Millis }>()
  #sweepAt = 1_024

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.until > this.#clock.monotonic() ? entry.value : undefined
  }

  set(key: string, value: V, ttlMs: Millis): void {
    this.#entries.set(key, { value, until: this.#clock.monotonic() + ttlMs })
    if (this.#entries.size >= this.#sweepAt) this.#sweep()
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const there = this.get(key) !== undefined
    this.#entries.delete(key)
    return there
  }

  /** The keys that are there, in the order they were first set. */
  keys(): string[] {
    const now = this.#clock.monotonic()
    return [...this.#entries].filter(([, { until }]) => until > now).map(([key]) => key)
  }

  #sweep(): void {
    const now = this.#clock.monotonic()
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key)
    this.#sweepAt = Math.max(1_024, this.#entries.size * 2)
  }
}
