import { randomUUID } from 'node:crypto'
import type { Millis } from '@tq/core/driver'
import { attribute, type Item, listOf, numberOf, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { endOf, removedAfter } from '../time-to-live.ts'

/** So many children share one item that says who has reported: it stays below the size one write is paid for. */
export const shardSize = 250
/** A page of names is an item. */
const pageBytes = 300_000
/** Items of a join outlive it by as much as it was to live, so that it can be given more time. */
const dayMs: Millis = 86_400_000
/** Names of so many children are remembered here. */
const mostRemembered = 500_000

/** A join as its own item says it: which pages of names count, whether they are all. */
export interface Join {
  readonly name: string
  /** Names what belongs to it: a name that is used again begins another one. */
  readonly id: string
  readonly pages: readonly string[]
  readonly total: number
  readonly sealed: boolean
  readonly expires: number
  /** When DynamoDB may remove what belongs to it. */
  readonly removed: number
  readonly revision: number
}

/** The children of a join by name: the place each was named at. */
export type Places = ReadonlyMap<string, number>

/**
 * Who a join waits for. Names are written as pages that nobody knows of, and count from the moment the join's own item
 * lists them: one conditional write, whatever their number.
 */
export class Rosters {
  readonly #connection: Connection
  /** Sealed ones do not change any more. In the order they were used. */
  readonly #sealed = new Map<string, Join>()
  readonly #places = new Map<string, { readonly pages: number; readonly places: Map<string, number> }>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Undefined when there is none, or it has expired. `fresh`: not from memory, unless it is sealed. */
  async find(name: string): Promise<Join | undefined> {
    const { earliest } = this.#connection.now()
    const known = this.#sealed.get(name)
    if (known && known.expires > earliest) return known
    this.#sealed.delete(name)
    const item = await this.#connection.get(this.#connection.keys.single('join', name))
    const join = item && joinOf(name, item)
    if (!join || join.expires <= this.#connection.now().earliest) return undefined
    if (join.sealed) this.#sealed.set(name, join)
    return join
  }

  /** Everybody the join waits for. Kept in memory: pages do not change. */
  async places(join: Join): Promise<Places> {
    const known = this.#places.get(join.id)
    // The ones used last are forgotten last.
    this.#places.delete(join.id)
    const places = known?.places ?? new Map<string, number>()
    const missing = join.pages.slice(known?.pages ?? 0)
    for (const names of await this.#connection.all(missing, (page) => this.#page(join.id, page))) {
      for (const name of names) places.set(name, places.size)
    }
    this.#places.set(join.id, { pages: join.pages.length, places })
    this.#forget(join.id)
    return places
  }

  /** Begins a join, or names more; answers how it stands then. */
  async name(
    name: string,
    children: readonly string[],
    { ttlMs, sealed }: { readonly ttlMs: Millis; readonly sealed: boolean },
  ): Promise<Join> {
    const startedAt = this.#connection.clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      const known = await this.find(name)
      if (known?.sealed) return known
      const named = known ? await this.places(known) : new Map<string, number>()
      const more = [...new Set(children)].filter((child) => !named.has(child))
      const expires = Math.max(known?.expires ?? 0, endOf(this.#connection.now(), ttlMs))
      const id = known?.id ?? randomUUID()
      const removed = Math.max(known?.removed ?? 0, removedAfter(expires + Math.max(ttlMs, dayMs)))
      const pages = await this.#writePages(id, more, removed)
      const next: Join = {
        name,
        id,
        pages: [...(known?.pages ?? []), ...pages],
        total: named.size + more.length,
        sealed,
        expires,
        removed,
        revision: (known?.revision ?? 0) + 1,
      }
      if (await this.#store(next, known)) return next
      await this.#connection.pauseOrFail(attempt, startedAt, name)
    }
  }

  async #store(next: Join, known: Join | undefined): Promise<boolean> {
    const { id, pages, total, sealed, expires, removed, revision } = next
    const item: Item = {
      id: attribute(id),
      pages: attribute(pages),
      total: attribute(total),
      sealed: attribute(sealed),
      expires: attribute(expires),
      removed: attribute(removed),
      revision: attribute(revision),
      ttl: attribute(removed),
    }
    const condition = known
      ? {
          ConditionExpression: '#id = :id AND #revision = :revision',
          ExpressionAttributeNames: { '#id': 'id', '#revision': 'revision' },
          ExpressionAttributeValues: { ':id': attribute(known.id), ':revision': attribute(known.revision) },
        }
      : {
          ConditionExpression: 'attribute_not_exists(pk) OR #expires <= :earliest',
          ExpressionAttributeNames: { '#expires': 'expires' },
          ExpressionAttributeValues: { ':earliest': attribute(this.#connection.now().earliest) },
        }
    return await this.#connection.tryPutOnly(this.#connection.keys.single('join', next.name), item, condition)
  }

  async #writePages(id: string, names: readonly string[], removed: number): Promise<readonly string[]> {
    const pages = pagesOf(names)
    return await this.#connection.all(pages, async (page) => {
      const number = randomUUID()
      const item = { names: attribute(JSON.stringify(page)), ttl: attribute(removed) }
      await this.#connection.put(this.#connection.keys.member('roster', id, number), item)
      return number
    })
  }

  async #page(id: string, page: string): Promise<readonly string[]> {
    const item = await this.#connection.get(this.#connection.keys.member('roster', id, page))
    return JSON.parse(textOf(item, 'names') || '[]') as readonly string[]
  }

  /** The longest unused, until there is room; but not the one in use. */
  #forget(used: string): void {
    let all = 0
    for (const { places } of this.#places.values()) all += places.size
    for (const [id, { places }] of this.#places) {
      if (all <= mostRemembered || id === used) break
      this.#places.delete(id)
      all -= places.size
    }
    for (const name of this.#sealed.keys()) {
      if (this.#sealed.size <= 1_000) break
      this.#sealed.delete(name)
    }
  }
}

/** Names in as few lists as items take. */
function pagesOf(names: readonly string[]): readonly (readonly string[])[] {
  const pages: string[][] = []
  let room = 0
  for (const name of names) {
    const bytes = Buffer.byteLength(JSON.stringify(name)) + 1
    if (bytes > room) {
      pages.push([])
      room = pageBytes
    }
    pages.at(-1)?.push(name)
    room -= bytes
  }
  return pages
}

function joinOf(name: string, item: Item): Join {
  return {
    name,
    id: textOf(item, 'id'),
    pages: listOf(item, 'pages'),
    total: numberOf(item, 'total'),
    sealed: item['sealed']?.BOOL ?? false,
    expires: numberOf(item, 'expires'),
    removed: numberOf(item, 'removed'),
    revision: numberOf(item, 'revision'),
  }
}
