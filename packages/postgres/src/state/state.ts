import type {
  CollectionPage,
  DueItem,
  JoinProgress,
  JoinReport,
  ParkedItem,
  StateStore,
  Unwatch,
  Versioned,
} from '@tq/core/driver'
import { checkLength } from '../capabilities.ts'
import type { Connection } from '../connection.ts'
import type { Hints } from '../hints.ts'
import type { Changed } from './changed.ts'
import { addMember, pageOfMembers, removeMember } from './collections.ts'
import { addCounts, readCounts } from './counters.ts'
import { expectChildren, pageOfJoined, reportChildren } from './joins.ts'
import { parkItem, takeDue, unparkItems } from './parking.ts'
import { acquirePlace, holdersOf, releasePlace, renewPlace } from './places.ts'
import { type Rate, takeTokens } from './rates.ts'
import { deleteValue, putValue, readValues } from './values.ts'

/**
 * Small shared state: one statement per verb. What must not come back after a crash of the server is synced; what ends
 * by itself soon (renewals, rates, metrics, leases of parked items) is not, since nobody of before is left to rely on it.
 */
export class PostgresState implements StateStore {
  readonly #connection: Connection
  readonly #hints: Hints

  constructor(connection: Connection, hints: Hints) {
    this.#connection = connection
    this.#hints = hints
  }

  async get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]> {
    const found = await readValues(this.#connection, keys)
    return keys.map((key) => found.get(key))
  }

  async put(
    key: string,
    value: string,
    options: { readonly ttlMs: number; readonly ifAbsent?: boolean; readonly ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    checkLength(value)
    return this.#tell(key, await putValue(this.#connection, key, value, options))
  }

  async delete(key: string, options: { readonly ifVersion?: number } = {}): Promise<boolean> {
    return this.#tell(key, await deleteValue(this.#connection, key, options.ifVersion))
  }

  async add(
    collection: string,
    member: string,
    value: string,
    { ttlMs }: { readonly ttlMs: number },
  ): Promise<void> {
    checkLength(value)
    this.#tell(collection, await addMember(this.#connection, collection, member, value, ttlMs))
  }

  async remove(collection: string, member: string): Promise<boolean> {
    return this.#tell(collection, await removeMember(this.#connection, collection, member))
  }

  async page(
    collection: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return await pageOfMembers(this.#connection, collection, options)
  }

  async expect(
    join: string,
    children: readonly string[],
    options: { readonly ttlMs: number; readonly sealed: boolean },
  ): Promise<JoinProgress> {
    return await expectChildren(this.#connection, join, children, options)
  }

  async join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    for (const { value } of reports) checkLength(value)
    return await reportChildren(this.#connection, reports)
  }

  async joined(
    join: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return await pageOfJoined(this.#connection, join, options)
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { readonly delayMs: number }): Promise<void> {
    checkLength(item.value)
    await parkItem(this.#connection, lot, item, delayMs)
  }

  async due(
    lot: string,
    options: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly DueItem[]> {
    return await takeDue(this.#connection, lot, options)
  }

  async unpark(lot: string, keys: readonly string[]): Promise<number> {
    return await unparkItems(this.#connection, lot, keys)
  }

  async acquire(
    key: string,
    holder: string,
    options: { readonly limit: number; readonly ttlMs: number },
  ): Promise<number | undefined> {
    const number = await acquirePlace(this.#connection, key, holder, options)
    this.#connection.wrote(1)
    return number
  }

  async renew(key: string, holder: string, { ttlMs }: { readonly ttlMs: number }): Promise<boolean> {
    return await renewPlace(this.#connection, key, holder, ttlMs)
  }

  async release(key: string, holder: string): Promise<boolean> {
    return await releasePlace(this.#connection, key, holder)
  }

  async holders(key: string): Promise<readonly string[]> {
    return await holdersOf(this.#connection, key)
  }

  async take(key: string, rate: Rate): Promise<number> {
    const wait = await takeTokens(this.#connection, key, rate)
    this.#connection.wrote(1)
    return wait
  }

  async count(
    key: string,
    fields: Readonly<Record<string, number>>,
    { ttlMs }: { readonly ttlMs: number },
  ): Promise<void> {
    this.#connection.wrote(await addCounts(this.#connection, key, fields, ttlMs))
  }

  async counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    return await readCounts(this.#connection, keys)
  }

  watch(prefix: string, onHint: () => void): Unwatch {
    return this.#hints.onState(prefix, onHint)
  }

  #tell<Outcome>(name: string, { outcome, watched, changes }: Changed<Outcome>): Outcome {
    this.#connection.wrote(changes)
    if (watched && changes > 0) this.#hints.tell('state', [name])
    return outcome
  }
}
