import type {
  CollectionPage,
  DueItem,
  JoinProgress,
  JoinReport,
  ParkedItem,
  StateStore,
  Versioned,
} from '../../contracts/backend.ts'
import type { Millis } from '../../contracts/time.ts'
import { checkValue } from '../limits.ts'
import type { StateData } from './state-data.ts'

interface PageOptions {
  readonly cursor?: string
  readonly limit: number
}

/** The verbs of the state store over its data. Each is one synchronous step, and so atomic. */
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
    options: { ttlMs: Millis; ifAbsent?: boolean; ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    const { values, watchers } = this.#data()
    checkValue(value)
    const outcome = values.put(key, value, options)
    if (outcome !== 'conflict') watchers.hintPrefixes(key)
    return outcome
  }

  async delete(key: string, { ifVersion }: { ifVersion?: number } = {}): Promise<boolean> {
    const { values, watchers } = this.#data()
    const gone = values.delete(key, ifVersion)
    if (gone) watchers.hintPrefixes(key)
    return gone
  }

  async add(name: string, member: string, value: string, { ttlMs }: { ttlMs: Millis }): Promise<void> {
    const { collections, watchers } = this.#data()
    checkValue(value)
    collections.add(name, member, value, ttlMs)
    watchers.hintPrefixes(name)
  }

  async remove(name: string, member: string): Promise<boolean> {
    const { collections, watchers } = this.#data()
    const gone = collections.remove(name, member)
    if (gone) watchers.hintPrefixes(name)
    return gone
  }

  async page(name: string, options: PageOptions): Promise<CollectionPage> {
    return this.#data().collections.page(name, options)
  }

  async expect(
    name: string,
    children: readonly string[],
    { ttlMs, sealed }: { ttlMs: Millis; sealed: boolean },
  ): Promise<JoinProgress> {
    return this.#data().joins.expect(name, children, ttlMs, sealed)
  }

  async join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    const { joins } = this.#data()
    for (const { value } of reports) checkValue(value)
    return reports.map((report) => joins.join(report))
  }

  async joined(name: string, options: PageOptions): Promise<CollectionPage> {
    return this.#data().joins.joined(name, options)
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { delayMs: Millis }): Promise<void> {
    const { parking } = this.#data()
    checkValue(item.value)
    parking.park(lot, item, delayMs)
  }

  async due(lot: string, options: { limit: number; leaseMs: Millis }): Promise<readonly DueItem[]> {
    return this.#data().parking.due(lot, options.limit, options.leaseMs)
  }

  async unpark(lot: string, keys: readonly string[]): Promise<number> {
    return this.#data().parking.unpark(lot, keys)
  }

  async acquire(
    key: string,
    holder: string,
    { limit, ttlMs }: { limit: number; ttlMs: Millis },
  ): Promise<number | undefined> {
    return this.#data().places.acquire(key, holder, limit, ttlMs)
  }

  async renew(key: string, holder: string, { ttlMs }: { ttlMs: Millis }): Promise<boolean> {
    return this.#data().places.renew(key, holder, ttlMs)
  }

  async release(key: string, holder: string): Promise<boolean> {
    return this.#data().places.release(key, holder)
  }

  async holders(key: string): Promise<readonly string[]> {
    return this.#data().places.holders(key)
  }

  async take(
    key: string,
    options: { limit: number; windowMs: Millis; cost: number; reserve?: boolean },
  ): Promise<Millis> {
    const { limit, windowMs, cost, reserve = false } = options
    return this.#data().rates.take(key, limit, windowMs, cost, reserve)
  }

  async count(
    key: string,
    fields: Readonly<Record<string, number>>,
    { ttlMs }: { ttlMs: Millis },
  ): Promise<void> {
    this.#data().counters.count(key, fields, ttlMs)
  }

  async counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    const { counters } = this.#data()
    return keys.map((key) => counters.counted(key))
  }

  watch(prefix: string, onHint: () => void): () => void {
    return this.#data().watchers.add(prefix, onHint)
  }
}
