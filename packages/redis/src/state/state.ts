import type {
  CollectionPage,
  DueItem,
  JoinProgress,
  JoinReport,
  Millis,
  ParkedItem,
  StateStore,
  Unwatch,
  Versioned,
} from '@tq/core/driver'
import { maxValueBytes } from '../capabilities.ts'
import type { Connection } from '../connection.ts'
import { LimitError } from '../errors.ts'
import type { Hints } from '../hints.ts'
import { isLonger, wholeMs } from '../record-codec.ts'
import { addMember, pageOfMembers, removeMember } from './collections.ts'
import { addCounts, readCounts } from './counters.ts'
import { expectChildren, pageOfJoined, reportChild } from './joins.ts'
import { parkItem, takeDue, unparkItems } from './parking.ts'
import { acquirePlace, holdersOf, releasePlace, renewPlace } from './places.ts'
import { type TakeOptions, takeTokens } from './rates.ts'
import { deleteValue, putValue, readValues } from './values.ts'

/** Small shared state. The keys of one thing share a hash tag, so that each script touches one node. */
export class RedisState implements StateStore {
  readonly #connection: Connection
  readonly #hints: Hints

  constructor(connection: Connection, hints: Hints) {
    this.#connection = connection
    this.#hints = hints
  }

  get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]> {
    return readValues(this.#connection, keys)
  }

  async put(
    key: string,
    value: string,
    options: { readonly ttlMs: Millis; readonly ifAbsent?: boolean; readonly ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    checkLength(value)
    const outcome = await putValue(this.#connection, key, value, options)
    if (outcome !== 'conflict') this.#hints.tellState(key)
    return outcome
  }

  async delete(key: string, options: { readonly ifVersion?: number } = {}): Promise<boolean> {
    const gone = await deleteValue(this.#connection, key, options.ifVersion)
    if (gone) this.#hints.tellState(key)
    return gone
  }

  async add(
    collection: string,
    member: string,
    value: string,
    { ttlMs }: { readonly ttlMs: Millis },
  ): Promise<void> {
    checkLength(value)
    await addMember(this.#connection, collection, member, value, ttlMs)
    this.#hints.tellState(collection)
  }

  async remove(collection: string, member: string): Promise<boolean> {
    const gone = await removeMember(this.#connection, collection, member)
    if (gone) this.#hints.tellState(collection)
    return gone
  }

  page(
    collection: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return pageOfMembers(this.#connection, collection, options)
  }

  expect(
    join: string,
    children: readonly string[],
    options: { readonly ttlMs: Millis; readonly sealed: boolean },
  ): Promise<JoinProgress> {
    return expectChildren(this.#connection, join, children, options)
  }

  async join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    for (const { value } of reports) checkLength(value)
    // Sent together, answered together.
    return await Promise.all(reports.map((report) => reportChild(this.#connection, report)))
  }

  joined(
    join: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return pageOfJoined(this.#connection, join, options)
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { readonly delayMs: Millis }): Promise<void> {
    checkLength(item.value)
    await parkItem(this.#connection, lot, item, delayMs)
  }

  due(
    lot: string,
    options: { readonly limit: number; readonly leaseMs: Millis },
  ): Promise<readonly DueItem[]> {
    return takeDue(this.#connection, lot, options)
  }

  unpark(lot: string, keys: readonly string[]): Promise<number> {
    return unparkItems(this.#connection, lot, keys)
  }

  acquire(
    key: string,
    holder: string,
    options: { readonly limit: number; readonly ttlMs: Millis },
  ): Promise<number | undefined> {
    return acquirePlace(this.#connection, key, holder, options)
  }

  renew(key: string, holder: string, { ttlMs }: { readonly ttlMs: Millis }): Promise<boolean> {
    return renewPlace(this.#connection, key, holder, ttlMs)
  }

  release(key: string, holder: string): Promise<boolean> {
    return releasePlace(this.#connection, key, holder)
  }

  holders(key: string): Promise<readonly string[]> {
    return holdersOf(this.#connection, key)
  }

  take(key: string, options: TakeOptions): Promise<Millis> {
    return takeTokens(this.#connection, key, options)
  }

  count(
    key: string,
    fields: Readonly<Record<string, number>>,
    { ttlMs }: { readonly ttlMs: Millis },
  ): Promise<void> {
    return addCounts(this.#connection, key, fields, wholeMs(ttlMs))
  }

  counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    return readCounts(this.#connection, keys)
  }

  watch(prefix: string, onHint: () => void): Unwatch {
    return this.#hints.onState(prefix, onHint)
  }
}

function checkLength(value: string): void {
  if (isLonger(value, maxValueBytes)) throw new LimitError(`a value may have ${maxValueBytes} bytes`)
}
