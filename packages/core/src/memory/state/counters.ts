import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'

/** Named numbers that are only ever added to. */
export class Counters {
  readonly #counters: ExpiringMap<Map<string, number>>

  constructor(clock: Clock) {
    this.#counters = new ExpiringMap(clock)
  }

  count(key: string, fields: Readonly<Record<string, number>>, ttlMs: Millis): void {
    const sums = this.#counters.get(key) ?? new Map<string, number>()
    for (const [field, value] of Object.entries(fields)) sums.set(field, (sums.get(field) ?? 0) + value)
    this.#counters.set(key, sums, ttlMs)
  }

  counted(key: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counters.get(key) ?? [])
  }
}
