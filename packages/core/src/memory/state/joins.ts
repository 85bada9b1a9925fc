import type { CollectionPage, JoinProgress, JoinReport } from '../../contracts/backend.ts'
import type { Clock, Millis } from '../../contracts/time.ts'
import { ExpiringMap } from '../expiring-map.ts'

interface Join {
  /** In the order they were named. */
  readonly children: string[]
  /** Of each child: undefined until it reports. */
  readonly values: Map<string, string | undefined>
  done: number
  sealed: boolean
}

/** Joins: named children, of which each counts once. */
export class Joins {
  readonly #joins: ExpiringMap<Join>

  constructor(clock: Clock) {
    this.#joins = new ExpiringMap(clock)
  }

  expect(name: string, children: readonly string[], ttlMs: Millis, sealed: boolean): JoinProgress {
    const join: Join = this.#joins.get(name) ?? { children: [], values: new Map(), done: 0, sealed: false }
    if (join.sealed) return progressOf(join, false)
    for (const child of children) {
      if (join.values.has(child)) continue
      join.values.set(child, undefined)
      join.children.push(child)
    }
    join.sealed = sealed
    this.#joins.set(name, join, ttlMs)
    return progressOf(join, false)
  }

  join({ join: name, child, value }: JoinReport): JoinProgress {
    const join = this.#joins.get(name)
    if (!join) return { added: false, done: 0, total: 0, complete: false }
    const added = join.values.has(child) && join.values.get(child) === undefined
    if (added) {
      join.values.set(child, value)
      join.done++
    }
    return progressOf(join, added)
  }

  /** A page may be shorter than asked for, or empty: it leaves out the children that have not reported. */
  joined(name: string, { cursor, limit }: { cursor?: string; limit: number }): CollectionPage {
    const join = this.#joins.get(name)
    if (!join) return { members: [], next: undefined }
    const start = Number(cursor ?? 0)
    const end = start + limit
    const members: { member: string; value: string }[] = []
    for (const member of join.children.slice(start, end)) {
      const value = join.values.get(member)
      if (value !== undefined) members.push({ member, value })
    }
    return { members, next: end < join.children.length ? String(end) : undefined }
  }
}

function progressOf({ children, done, sealed }: Join, added: boolean): JoinProgress {
  return { added, done, total: children.length, complete: sealed && done === children.length }
}
