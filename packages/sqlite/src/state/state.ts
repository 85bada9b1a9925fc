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
import type { Database } from '../database.ts'
import { LimitError } from '../errors.ts'
import type { Ready } from '../ready.ts'
import { isLonger, maxValueBytes } from '../records.ts'
import type { Transaction } from '../transaction.ts'
import { addMember, pageOfMembers, removeMember } from './collections.ts'
import { addCounts, readCounts } from './counters.ts'
import { expectChildren, pageOfJoined, reportChild } from './joins.ts'
import { parkItem, takeDue, unparkItems } from './parking.ts'
import { acquirePlace, holdersOf, releasePlace, renewPlace } from './places.ts'
import { type TakeOptions, takeTokens } from './rates.ts'
import { deleteValue, putValue, readValues } from './values.ts'

/**
 * Small shared state. What must not come back after a power cut is synced; what ends by itself soon (renewals,
 * rates, metrics, leases of parked items) is not, since nobody of before is left to rely on it.
 */
export class SqliteState implements StateStore {
  readonly #ready: Ready

  constructor(ready: Ready) {
    this.#ready = ready
  }

  async get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]> {
    const found = await this.#read((database, now, namespace) => readValues(database, now, namespace, keys))
    return keys.map((key) => found.get(key))
  }

  async put(
    key: string,
    value: string,
    options: { readonly ttlMs: number; readonly ifAbsent?: boolean; readonly ifVersion?: number },
  ): Promise<Versioned | 'conflict'> {
    return await this.#change(key, value, (transaction, namespace) =>
      putValue(transaction, namespace, key, value, options),
    )
  }

  async delete(key: string, options: { readonly ifVersion?: number } = {}): Promise<boolean> {
    return await this.#change(key, '', (transaction, namespace) =>
      deleteValue(transaction, namespace, key, options.ifVersion),
    )
  }

  async add(
    collection: string,
    member: string,
    value: string,
    { ttlMs }: { readonly ttlMs: number },
  ): Promise<void> {
    await this.#change(collection, value, (transaction, namespace) =>
      addMember(transaction, namespace, collection, member, value, ttlMs),
    )
  }

  async remove(collection: string, member: string): Promise<boolean> {
    return await this.#change(collection, '', (transaction, namespace) =>
      removeMember(transaction, namespace, collection, member),
    )
  }

  async page(
    collection: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return await this.#read((database, now, namespace) =>
      pageOfMembers(database, now, namespace, collection, options),
    )
  }

  async expect(
    join: string,
    children: readonly string[],
    options: { readonly ttlMs: number; readonly sealed: boolean },
  ): Promise<JoinProgress> {
    return await this.#write(true, (transaction, namespace) =>
      expectChildren(transaction, namespace, join, children, options),
    )
  }

  async join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    for (const { value } of reports) checkLength(value)
    return await this.#write(true, (transaction, namespace) =>
      reports.map((report) => reportChild(transaction, namespace, report)),
    )
  }

  async joined(
    join: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    return await this.#read((database, now, namespace) =>
      pageOfJoined(database, now, namespace, join, options),
    )
  }

  async park(lot: string, item: ParkedItem, { delayMs }: { readonly delayMs: number }): Promise<void> {
    checkLength(item.value)
    await this.#write(true, (transaction, namespace) => parkItem(transaction, namespace, lot, item, delayMs))
  }

  async due(
    lot: string,
    options: { readonly limit: number; readonly leaseMs: number },
  ): Promise<readonly DueItem[]> {
    return await this.#write(false, (transaction, namespace) => takeDue(transaction, namespace, lot, options))
  }

  async unpark(lot: string, keys: readonly string[]): Promise<number> {
    return await this.#write(true, (transaction, namespace) => unparkItems(transaction, namespace, lot, keys))
  }

  async acquire(
    key: string,
    holder: string,
    options: { readonly limit: number; readonly ttlMs: number },
  ): Promise<number | undefined> {
    return await this.#write(true, (transaction, namespace) =>
      acquirePlace(transaction, namespace, key, holder, options),
    )
  }

  async renew(key: string, holder: string, { ttlMs }: { readonly ttlMs: number }): Promise<boolean> {
    return await this.#write(false, (transaction, namespace) =>
      renewPlace(transaction, namespace, key, holder, ttlMs),
    )
  }

  async release(key: string, holder: string): Promise<boolean> {
    return await this.#write(false, (transaction, namespace) =>
      releasePlace(transaction, namespace, key, holder),
    )
  }

  async holders(key: string): Promise<readonly string[]> {
    return await this.#read((database, now, namespace) => holdersOf(database, now, namespace, key))
  }

  async take(key: string, options: TakeOptions): Promise<number> {
    return await this.#write(false, (transaction, namespace) =>
      takeTokens(transaction, namespace, key, options),
    )
  }

  async count(
    key: string,
    fields: Readonly<Record<string, number>>,
    { ttlMs }: { readonly ttlMs: number },
  ): Promise<void> {
    await this.#write(false, (transaction, namespace) =>
      addCounts(transaction, namespace, key, fields, ttlMs),
    )
  }

  async counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]> {
    return await this.#read((database, now, namespace) => readCounts(database, now, namespace, keys))
  }

  watch(prefix: string, onHint: () => void): Unwatch {
    const { connection, namespace } = this.#ready()
    return connection.wakeups.onPrefix(subjectOf(namespace, prefix), onHint)
  }

  async #read<T>(run: (database: Database, now: number, namespace: number) => T): Promise<T> {
    const { connection, namespace } = this.#ready()
    return await connection.read((database, now) => run(database, now, namespace))
  }

  async #write<T>(durable: boolean, run: (transaction: Transaction, namespace: number) => T): Promise<T> {
    const { connection, namespace } = this.#ready()
    return await connection.write(durable, (transaction) => run(transaction, namespace))
  }

  /** A durable change of something that can be watched. */
  async #change<T>(
    name: string,
    value: string,
    run: (transaction: Transaction, namespace: number) => T,
  ): Promise<T> {
    checkLength(value)
    return await this.#write(true, (transaction, namespace) => {
      transaction.touch(subjectOf(namespace, name))
      return run(transaction, namespace)
    })
  }
}

function subjectOf(namespace: number, name: string): string {
  return `state ${namespace} ${name}`
}

function checkLength(value: string): void {
  if (isLonger(value, maxValueBytes)) throw new LimitError(`a value may have ${maxValueBytes} bytes`)
}
