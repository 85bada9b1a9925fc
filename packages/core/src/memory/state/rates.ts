import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'

interface Bucket {
  readonly tokens: number
  readonly at: Millis
}

/** Sums of fractions are not exact; a wait that was long enough must not be told to wait again for it. */
const tolerance = 1e-9

/** Token buckets. One that nobody used for a window is full, and can be forgotten. */
export class Rates {
  readonly #clock: Clock
  readonly #buckets: ExpiringMap<Bucket>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#buckets = new ExpiringMap(clock)
  }

  take(key: string, limit: number, windowMs: Millis, cost: number, reserve: boolean): Millis {
    const now = this.#clock.monotonic()
    const { tokens, at } = this.#buckets.get(key) ?? { tokens: limit, at: now }
    const perMs = limit / windowMs
    const filled = Math.min(limit, tokens + (now - at) * perMs)
    const enough = filled + tolerance >= cost
    // Until it is full again, it has to be remembered.
    if (enough || reserve)
      this.#buckets.set(
        key,
        { tokens: filled - cost, at: now },
        windowMs + Math.max(0, cost - filled) / perMs,
      )
    return enough ? 0 : Math.ceil((cost - filled) / perMs)
  }
}
