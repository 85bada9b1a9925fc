import type { Clock, Millis } from '../contracts/time.ts'

interface Entry<V> {
  readonly key: string
  value: V
  until: Millis
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
    const until = this.#clock.monotonic() + ttlMs
    const entry = this.#entries.get(key)
    if (entry) {
      entry.value = value
      entry.until = until
    } else {
      this.#sweep()
      this.#entries.set(key, { key, value, until })
    }
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

  #sweep(): void {
    const now = this.#clock.monotonic()
    for (let looked = 0; looked < 2; looked++) {
      const { value: entry } = this.#broom.next()
      if (!entry) this.#broom = this.#entries.values()
      else if (entry.until <= now) this.#entries.delete(entry.key)
    }
  }
}
