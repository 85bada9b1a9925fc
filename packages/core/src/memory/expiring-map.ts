import type { Clock, Millis } from '../contracts/time.ts'

interface Entry<V> {
  readonly key: string
  readonly value: V
  readonly until: Millis
}

/**
 * A map whose entries leave by themselves. Each new entry pays for a look at two old ones, round and round: bounded
 * work, no timers, and never much more in memory than is alive.
 */
export class ExpiringMap<V> {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry<V>>()
  #broom = this.#entries.values()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string): V | undefined {
    return this.#alive(key)?.value
  }

  /** Lives `ttlMs` from now. */
  set(key: string, value: V, ttlMs: Millis): void {
    const now = this.#clock.monotonic()
    const { size } = this.#entries
    this.#entries.set(key, { key, value, until: now + ttlMs })
    if (this.#entries.size > size) this.#sweep(now)
  }

  /** Lives at least `ttlMs` from now, and no shorter than it would have. */
  keep(key: string, value: V, ttlMs: Millis): void {
    const left = (this.#alive(key)?.until ?? 0) - this.#clock.monotonic()
    this.set(key, value, Math.max(ttlMs, left))
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const there = this.#alive(key) !== undefined
    this.#entries.delete(key)
    return there
  }

  /** Those alive, in no particular order. */
  keys(): string[] {
    const now = this.#clock.monotonic()
    return [...this.#entries.values()].filter(({ until }) => until > now).map(({ key }) => key)
  }

  #alive(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.until > this.#clock.monotonic() ? entry : undefined
  }

  #sweep(now: Millis): void {
    for (let looked = 0; looked < 2; looked++) {
      const { value: entry } = this.#broom.next()
      if (!entry) this.#broom = this.#entries.values()
      else if (entry.until <= now) this.#entries.delete(entry.key)
    }
  }
}
