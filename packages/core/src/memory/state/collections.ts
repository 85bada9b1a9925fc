import type { CollectionPage } from '../../contracts/backend.ts'
import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'

interface Collection {
  readonly members: ExpiringMap<string>
  /** All that were there when it was last asked for, sorted; undefined since a member came. */
  sorted: readonly string[] | undefined
}

/** Named collections. Paged in the order of the members' names: a cursor stays right while members come and go. */
export class Collections {
  readonly #clock: Clock
  readonly #collections: ExpiringMap<Collection>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#collections = new ExpiringMap(clock)
  }

  add(name: string, member: string, value: string, ttlMs: Millis): void {
    const known = this.#collections.get(name)
    const collection = known ?? { members: new ExpiringMap<string>(this.#clock), sorted: undefined }
    if (collection.members.get(member) === undefined) collection.sorted = undefined
    collection.members.set(member, value, ttlMs)
    this.#collections.keep(name, collection, ttlMs)
  }

  remove(name: string, member: string): boolean {
    return this.#collections.get(name)?.members.delete(member) ?? false
  }

  page(name: string, { cursor, limit }: { cursor?: string; limit: number }): CollectionPage {
    const collection = this.#collections.get(name)
    if (!collection) return { members: [], next: undefined }
    collection.sorted ??= collection.members.keys().sort()
    const { sorted } = collection
    const members: { member: string; value: string }[] = []
    let at = cursor === undefined ? 0 : placeAfter(sorted, cursor)
    for (; at < sorted.length && members.length < limit; at++) {
      const member = sorted[at] ?? ''
      const value = collection.members.get(member)
      if (value !== undefined) members.push({ member, value })
    }
    return { members, next: at < sorted.length ? sorted[at - 1] : undefined }
  }
}

/** Where the names after this one begin. */
function placeAfter(sorted: readonly string[], name: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') > name) high = middle
    else low = middle + 1
  }
  return low
}
