import type {
  CollectionPage,
  JoinProgress,
  ParkedItem,
  StateStore,
  Unwatch,
  Versioned,
} from '../../contracts/backend.ts'
import type { Millis } from '../../contracts/time.ts'
import type { StateData } from './state-data.ts'

/** Every verb of the state store over plain data; each is one synchronous step, and so atomic. */
export class MemoryState implements StateStore {
  readonly #data: () => StateData

  /** @param data Throws once the backend is closed. */
  constructor(data: () => StateData) {
    this.#data = data
  }

  async get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]> {
    const { values } = this.#data()
    return keys.map((key) => values.get(key))
  }

  async put(
    key: string,
    value: string,
    { ttlMs, ifAbsent, ifVersion }: { ttlMs: Millis; ifAbsent?: boolean; ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    const data = this.#data()
    const known = data.values.get(key)
    if ((ifAbsent && known) || (ifVersion !== undefined && known?.version !== ifVersion)) return 'conflict'
    const stored = { value, version: ++data.lastNumber }
    data.values.set(key, stored, ttlMs)
    data.hint(key)
    return stored
  }

  async delete(key: string, { ifVersion }: { ifVersion?: number } = {}): Promise<boolean> {
    const data = this.#data()
    if (ifVersion !== undefined && data.values.get(key)?.version !== ifVersion) return false
    data.hint(key)
    return data.values.delete(key)
  }

  async add(collection: string, member: string, value: string, { ttlMs }: { ttlMs: Millis }): Promise<void> {
    const data = this.#data()
    data.collection(collection).set(member, value, ttlMs)
    data.hint(collection)
  }

  async remove(collection: string, member: string): Promise<boolean> {
    const data = this.#data()
    data.hint(collection)
    return data.collection(collection).delete(member)
  }

  async page(collection: string, options: { cursor?: string; limit: number }): Promise<CollectionPage> {
    const members = this.#data().collection(collection)
    // Sorted, so that a cursor stays right while members come and go.
    return pageOf(members.keys().sort(), options, (member) => members.get(member))
  }

  async expect(
    join: string,
    children: readonly string[],
    { ttlMs, sealed }: { ttlMs: Millis; sealed: boolean },
  ): Promise<void> {
    const { joins } = this.#data()
    const known = joins.get(join) ?? { values: new Map(), done: 0, sealed: false }
    if (known.sealed) return
    for (const child of children) if (!known.values.has(child)) known.values.set(child, undefined)
    known.sealed = sealed
    joins.set(join, known, ttlMs)
  }

  async join(join: string, child: string, value: string): Promise<JoinProgress> {
    const known = this.#data().joins.get(join)
    if (!known) return { added: false, done: 0, total: 0, complete: false }
    const added = known.values.has(child) && known.values.get(child) === undefined
    if (added) {
      known.values.set(child, value)
      known.done++
    }
    const total = known.values.size
    return { added, done: known.done, total, complete: known.sealed && known.done === total }
  }

  async joined(join: string, { cursor, limit }: { cursor?: string; limit: number }): Promise<CollectionPage> {
    const values = [...(this.#data().joins.get(join)?.values ?? [])]
    const start = cursor === undefined ? 0 : Number(cursor)
    const members = values
      .slice(start, start + limit)
      .flatMap(([member, value]) => (value === undefined ? [] : [{ member, value }]))
    return { members, next: start + limit < values.length ? String(start + limit) : undefined }
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { delayMs: Millis }): Promise<void> {
    const data = this.#data()
    data.lot(lot).set(item.key, { ...item, due: data.clock.monotonic() + delayMs, hiddenUntil: 0 })
  }

  async due(
    lot: string,
    { limit, leaseMs }: { limit: number; leaseMs: Millis },
  ): Promise<readonly ParkedItem[]> {
    const data = this.#data()
    const now = data.clock.monotonic()
    const due = [...data.lot(lot).values()].filter((item) => item.due <= now && item.hiddenUntil <= now)
    due.sort((a, b) => a.due - b.due)
    return due.slice(0, limit).map((item) => {
      item.hiddenUntil = now + leaseMs
      return { key: item.key, value: item.value }
    })
  }

  async unpark(lot: string, keys: readonly string[]): Promise<number> {
    const parked = this.#data().lot(lot)
    return keys.filter((key) => parked.delete(key)).length
  }

  async acquire(
    key: string,
    holder: string,
    { limit, ttlMs }: { limit: number; ttlMs: Millis },
  ): Promise<number | undefined> {
    const data = this.#data()
    const places = data.placesOf(key)
    const own = places.get(holder)
    if (own === undefined && places.keys().length >= limit) return undefined
    const token = own ?? ++data.lastNumber
    places.set(holder, token, ttlMs)
    return token
  }

  async renew(key: string, holder: string, { ttlMs }: { ttlMs: Millis }): Promise<boolean> {
    const places = this.#data().placesOf(key)
    const token = places.get(holder)
    if (token === undefined) return false
    places.set(holder, token, ttlMs)
    return true
  }

  async release(key: string, holder: string): Promise<boolean> {
    return this.#data().placesOf(key).delete(holder)
  }

  async holders(key: string): Promise<readonly string[]> {
    return this.#data().placesOf(key).keys()
  }

  async take(
    key: string,
    { limit, windowMs, cost }: { limit: number; windowMs: Millis; cost: number },
  ): Promise<Millis> {
    const { buckets, clock } = this.#data()
    const now = clock.monotonic()
    const known = buckets.get(key) ?? { tokens: limit, at: now }
    const perMs = limit / windowMs
    const tokens = Math.min(limit, known.tokens + (now - known.at) * perMs)
    if (tokens < cost) return Math.ceil((cost - tokens) / perMs)
    buckets.set(key, { tokens: tokens - cost, at: now }, windowMs)
    return 0
  }

  async count(
    key: string,
    fields: Readonly<Record<string, number>>,
    { ttlMs }: { ttlMs: Millis },
  ): Promise<void> {
    const { counters } = this.#data()
    const sums = { ...counters.get(key) }
    for (const [field, value] of Object.entries(fields)) sums[field] = (sums[field] ?? 0) + value
    counters.set(key, sums, ttlMs)
  }

  async counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    const { counters } = this.#data()
    return keys.map((key) => ({ ...counters.get(key) }))
  }

  watch(prefix: string, onHint: () => void): Unwatch {
    const { watchers } = this.#data()
    const watcher = { prefix, onHint }
    watchers.add(watcher)
    return () => watchers.delete(watcher)
  }
}

function pageOf(
  keys: readonly string[],
  { cursor, limit }: { cursor?: string; limit: number },
  valueAt: (key: string) => string | undefined,
): CollectionPage {
  const from = cursor === undefined ? keys : keys.filter((key) => key > cursor)
  const members = from.slice(0, limit).map((member) => ({ member, value: valueAt(member) ?? '' }))
  return { members, next: from.length > limit ? members.at(-1)?.member : undefined }
}
