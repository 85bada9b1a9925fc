import type {
  CollectionPage,
  DueItem,
  JoinProgress,
  JoinReport,
  Millis,
  ParkedItem,
  StateStore,
  Versioned,
} from '@tq/core/driver'
import { checkLength } from '../capabilities.ts'
import type { Connection } from '../connection.ts'
import { addMember, pageOfMembers, removeMember } from './collections.ts'
import { addCounts, readCounts } from './counters.ts'
import { Joins } from './joins.ts'
import { parkItem, takeDue, unparkItems } from './parking.ts'
import { acquirePlace, holdersOf, releasePlace, renewPlace } from './places.ts'
import { type Rate, takeTokens } from './rates.ts'
import { deleteValue, putValue, readValues } from './values.ts'

interface Ttl {
  readonly ttlMs: Millis
}

interface Paging {
  readonly cursor?: string
  readonly limit: number
}

/** Small shared state: conditional writes of single items, reads by key or key range. */
export class DynamodbState implements StateStore {
  readonly #connection: Connection
  readonly #joins: Joins

  constructor(connection: Connection) {
    this.#connection = connection
    this.#joins = new Joins(connection)
  }

  async get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]> {
    const found = await readValues(this.#connection, keys)
    return keys.map((key) => found.get(key))
  }

  async put(
    key: string,
    value: string,
    options: Ttl & { readonly ifAbsent?: boolean; readonly ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    checkLength(value)
    return await putValue(this.#connection, key, value, options)
  }

  async delete(key: string, options: { readonly ifVersion?: number } = {}): Promise<boolean> {
    return await deleteValue(this.#connection, key, options.ifVersion)
  }

  async add(collection: string, member: string, value: string, { ttlMs }: Ttl): Promise<void> {
    checkLength(value)
    await addMember(this.#connection, collection, member, value, ttlMs)
  }

  async remove(collection: string, member: string): Promise<boolean> {
    return await removeMember(this.#connection, collection, member)
  }

  async page(collection: string, paging: Paging): Promise<CollectionPage> {
    return await pageOfMembers(this.#connection, collection, paging)
  }

  async expect(
    join: string,
    children: readonly string[],
    options: Ttl & { readonly sealed: boolean },
  ): Promise<JoinProgress> {
    return await this.#joins.expect(join, children, options)
  }

  async join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    for (const { value } of reports) checkLength(value)
    return await this.#joins.report(reports)
  }

  async joined(join: string, paging: Paging): Promise<CollectionPage> {
    return await this.#joins.page(join, paging)
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { readonly delayMs: Millis }): Promise<void> {
    checkLength(item.value)
    await parkItem(this.#connection, lot, item, delayMs)
  }

  async due(
    lot: string,
    options: { readonly limit: number; readonly leaseMs: Millis },
  ): Promise<readonly DueItem[]> {
    return await takeDue(this.#connection, lot, options)
  }

  async unpark(lot: string, keys: readonly string[]): Promise<number> {
    return await unparkItems(this.#connection, lot, keys)
  }

  async acquire(
    key: string,
    holder: string,
    options: Ttl & { readonly limit: number },
  ): Promise<number | undefined> {
    return await acquirePlace(this.#connection, key, holder, options)
  }

  async renew(key: string, holder: string, { ttlMs }: Ttl): Promise<boolean> {
    return await renewPlace(this.#connection, key, holder, ttlMs)
  }

  async release(key: string, holder: string): Promise<boolean> {
    return await releasePlace(this.#connection, key, holder)
  }

  async holders(key: string): Promise<readonly string[]> {
    return await holdersOf(this.#connection, key)
  }

  async take(key: string, rate: Rate): Promise<Millis> {
    return await takeTokens(this.#connection, key, rate)
  }

  async count(key: string, fields: Readonly<Record<string, number>>, { ttlMs }: Ttl): Promise<void> {
    await addCounts(this.#connection, key, fields, ttlMs)
  }

  async counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    return await readCounts(this.#connection, keys)
  }
}
