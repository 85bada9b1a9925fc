import type { ParkedItem, Versioned } from '../../contracts/backend.ts'
import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from './expiring-map.ts'

export interface Join {
  readonly values: Map<string, string | undefined>
  done: number
  sealed: boolean
}

export interface Parked extends ParkedItem {
  readonly due: Millis
  hiddenUntil: Millis
}

/** The shared state of one store, as plain data. */
export class StateData {
  readonly clock: Clock
  readonly values: ExpiringMap<Versioned>
  readonly collections = new Map<string, ExpiringMap<string>>()
  readonly joins: ExpiringMap<Join>
  readonly lots = new Map<string, Map<string, Parked>>()
  readonly places = new Map<string, ExpiringMap<number>>()
  readonly buckets: ExpiringMap<{ readonly tokens: number; readonly at: Millis }>
  readonly counters: ExpiringMap<Record<string, number>>
  readonly watchers = new Set<{ readonly prefix: string; onHint(): void }>()
  /** The last version and fencing number given to anyone. */
  lastNumber = 0

  constructor(clock: Clock) {
    this.clock = clock
    this.values = new ExpiringMap(clock)
    this.joins = new ExpiringMap(clock)
    this.buckets = new ExpiringMap(clock)
    this.counters = new ExpiringMap(clock)
  }

  collection(name: string): ExpiringMap<string> {
    return getOrMake(this.collections, name, () => new ExpiringMap(this.clock))
  }

  lot(name: string): Map<string, Parked> {
    return getOrMake(this.lots, name, () => new Map())
  }

  placesOf(key: string): ExpiringMap<number> {
    return getOrMake(this.places, key, () => new ExpiringMap(this.clock))
  }

  hint(key: string): void {
    for (const { prefix, onHint } of this.watchers) if (key.startsWith(prefix)) onHint()
  }
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
