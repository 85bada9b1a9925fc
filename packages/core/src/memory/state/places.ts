import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'
import { Heap, type Timed } from '../heap.ts'

/** A holder's place. `at` is when it ends, `order` its fencing number. */
interface Place extends Timed {
  readonly holder: string
}

interface Places {
  readonly byHolder: Map<string, Place>
  readonly byEnd: Heap<Place>
}

/** Locks and limits: a bounded number of places under each key. */
export class PlaceTable {
  readonly #clock: Clock
  readonly #keys: ExpiringMap<Places>
  /** The last fencing number given to anyone: it rises under every key, also one that was forgotten in between. */
  #lastNumber = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#keys = new ExpiringMap(clock)
  }

  acquire(key: string, holder: string, limit: number, ttlMs: Millis): number | undefined {
    const places = this.#taken(key) ?? { byHolder: new Map(), byEnd: new Heap() }
    const known = places.byHolder.get(holder)
    if (!known && places.byHolder.size >= limit) return undefined
    const place = known ?? { holder, at: 0, order: ++this.#lastNumber, index: -1 }
    if (known) places.byEnd.remove(known)
    place.at = this.#clock.monotonic() + ttlMs
    places.byHolder.set(holder, place)
    places.byEnd.push(place)
    this.#keys.keep(key, places, ttlMs)
    return place.order
  }

  renew(key: string, holder: string, ttlMs: Millis): boolean {
    if (!this.#taken(key)?.byHolder.has(holder)) return false
    return this.acquire(key, holder, 1, ttlMs) !== undefined
  }

  release(key: string, holder: string): boolean {
    const places = this.#taken(key)
    const place = places?.byHolder.get(holder)
    if (!places || !place) return false
    places.byEnd.remove(place)
    return places.byHolder.delete(holder)
  }

  holders(key: string): readonly string[] {
    return [...(this.#taken(key)?.byHolder.keys() ?? [])]
  }

  /** The places under a key, without those that have ended. */
  #taken(key: string): Places | undefined {
    const places = this.#keys.get(key)
    if (!places) return undefined
    const now = this.#clock.monotonic()
    for (let ended = places.byEnd.takeDue(now); ended; ended = places.byEnd.takeDue(now))
      places.byHolder.delete(ended.holder)
    return places
  }
}
