import type { StateStore, Versioned } from '../../contracts/backend.ts'
import type { Clock } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'

type PutOptions = Parameters<StateStore['put']>[2]

/** Values with versions. One number runs through all of them, so that no version of a key ever comes back. */
export class Values {
  readonly #values: ExpiringMap<Versioned>
  #lastVersion = 0

  constructor(clock: Clock) {
    this.#values = new ExpiringMap(clock)
  }

  get(key: string): Versioned | undefined {
    return this.#values.get(key)
  }

  put(key: string, value: string, { ttlMs, ifAbsent, ifVersion }: PutOptions): Versioned | 'conflict' {
    const known = this.#values.get(key)
    if (ifAbsent && known) return 'conflict'
    if (ifVersion !== undefined && known?.version !== ifVersion) return 'conflict'
    const stored = { value, version: ++this.#lastVersion }
    this.#values.set(key, stored, ttlMs)
    return stored
  }

  delete(key: string, ifVersion: number | undefined): boolean {
    if (ifVersion !== undefined && this.#values.get(key)?.version !== ifVersion) return false
    return this.#values.delete(key)
  }
}
