import type { CollectionPage, JoinProgress, JoinReport, Millis } from '@tq/core/driver'
import { attributes, numbersOf, placeholders, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { memberOf, sortKey } from '../keys.ts'
import { type Join, Rosters, shardSize } from './roster.ts'

/*
 * Per child that reported: its value, under the place it was named at; the first one stays. Per shard of children: the set
 * of those that reported. Per join: the set of shards that are full. Sets take a member once, so that doing it again
 * repairs what a crash left half done, and no counter can go wrong. The write that fills the last shard learns that it
 * completes the join.
 */

/** Of a set: the shards that are full, instead of the children of one. */
const root = 'full'
const padding = 9

interface Report {
  readonly at: number
  readonly child: string
  readonly value: string
}

/** What became of the reports to one join. */
interface Told {
  readonly join: Join | undefined
  /** By their number in the call. */
  readonly added: ReadonlySet<number>
  readonly done: number
  readonly complete: boolean
  /** This call filled the last shard. */
  readonly completed: boolean
}

interface Standing {
  readonly done: number
  /** Shards of which every child has reported. */
  readonly full: readonly number[]
  readonly complete: boolean
}

export class Joins {
  readonly #connection: Connection
  readonly #rosters: Rosters
  /** How many reported, by join and shard, as seen last. */
  readonly #seen = new Map<string, Map<number, number>>()

  constructor(connection: Connection) {
    this.#connection = connection
    this.#rosters = new Rosters(connection)
  }

  async expect(
    name: string,
    children: readonly string[],
    options: { readonly ttlMs: Millis; readonly sealed: boolean },
  ): Promise<JoinProgress> {
    const join = await this.#rosters.name(name, children, options)
    const { done, complete, full } = await this.#standing(join)
    // Before it was sealed nobody knew that they are full.
    if (join.sealed && full.length > 0) await this.#fill(join, full)
    return { added: false, done, total: join.total, complete }
  }

  async report(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]> {
    this.#connection.check()
    const byJoin = new Map<string, Report[]>()
    for (const [at, { join, child, value }] of reports.entries()) {
      const own = byJoin.get(join)
      if (own) own.push({ at, child, value })
      else byJoin.set(join, [{ at, child, value }])
    }
    const answers: JoinProgress[] = []
    await this.#connection.all([...byJoin], async ([name, own]) => {
      const told = await this.#report(name, own)
      for (const [index, answer] of inOrder(own, told).entries()) answers[own[index]?.at ?? 0] = answer
    })
    return answers
  }

  /** Values in the order the children were named: a cursor is the place after which to go on. */
  async page(
    name: string,
    { cursor = '', limit }: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage> {
    const join = await this.#rosters.find(name)
    const members: { member: string; value: string }[] = []
    if (!join) return { members, next: undefined }
    let from = cursor === '' ? 0 : Number(cursor)
    while (from < join.total && members.length < limit) {
      const shard = Math.floor(from / shardSize)
      const condition = '#pk = :pk AND #sk >= :from'
      const pk = this.#connection.keys.partition('joined', `${join.id} ${shard}`)
      const { Items = [], LastEvaluatedKey } = await this.#connection.query({
        KeyConditionExpression: condition,
        Limit: limit - members.length,
        ...placeholders({ pk, from: sortKey(placeKey(from)) }, condition),
      })
      for (const item of Items) members.push({ member: textOf(item, 'child'), value: textOf(item, 'value') })
      from = LastEvaluatedKey ? Number(memberOf(textOf(LastEvaluatedKey, 'sk'))) + 1 : (shard + 1) * shardSize
    }
    return { members, next: from < join.total ? String(from) : undefined }
  }

  async #report(name: string, reports: readonly Report[]): Promise<Told> {
    const nothing = { added: new Set<number>(), done: 0, complete: false, completed: false }
    const before = await this.#rosters.find(name)
    if (!before) return { join: undefined, ...nothing }
    const places = await this.#rosters.places(before)
    const firsts = new Map<number, Report>()
    for (const one of reports) {
      const place = places.get(one.child)
      if (place !== undefined && !firsts.has(place)) firsts.set(place, one)
    }
    const stored = await this.#connection.all([...firsts], ([place, one]) => this.#store(before, place, one))
    const added = new Set(stored.flatMap((at) => (at === undefined ? [] : [at])))
    const byShard = new Map<number, number[]>()
    for (const place of firsts.keys()) {
      const shard = Math.floor(place / shardSize)
      const own = byShard.get(shard)
      if (own) own.push(place)
      else byShard.set(shard, [place])
    }
    const marked = await this.#connection.all([...byShard], async ([shard, own]) => ({
      shard,
      done: await this.#mark(before, String(shard), own),
    }))
    for (const { shard, done } of marked) this.#saw(before.id, shard, done.size)
    // Sealed meanwhile: whoever did so may have looked before we marked.
    const join = before.sealed ? before : ((await this.#rosters.find(name)) ?? before)
    if (!join.sealed || marked.length === 0) {
      return { join, added, ...(await this.#standing(join)), completed: false }
    }
    const filled = marked.filter(({ shard, done }) => done.size === sizeOf(join, shard))
    const completed =
      filled.length > 0 &&
      (await this.#fill(
        join,
        filled.map(({ shard }) => shard),
      ))
    if (added.size > 0) {
      return { join, added, done: this.#known(join), complete: completed, completed }
    }
    return { join, added, ...(await this.#standing(join)), completed }
  }

  /** The number of the report when its value is the child's first. */
  async #store(join: Join, place: number, { at, child, value }: Report): Promise<number | undefined> {
    const shard = Math.floor(place / shardSize)
    const key = this.#connection.keys.member('joined', `${join.id} ${shard}`, placeKey(place))
    const item = attributes({ child, value, ttl: join.removed })
    const condition = { ConditionExpression: 'attribute_not_exists(pk)' }
    return (await this.#connection.tryPutOnly(key, item, condition)) ? at : undefined
  }

  /** Adds members to a set that is kept with the join; answers the set. */
  async #mark(join: Join, set: string, members: readonly number[]): Promise<ReadonlySet<number>> {
    const { Attributes } = await this.#add(join, set, members, 'ALL_NEW')
    return numbersOf(Attributes, 'members')
  }

  /** Adds full shards; whether those that were missing came with this call. */
  async #fill(join: Join, shards: readonly number[]): Promise<boolean> {
    const { Attributes } = await this.#add(join, root, shards, 'ALL_OLD')
    const before = numbersOf(Attributes, 'members')
    const after = new Set([...before, ...shards])
    return before.size < shardsOf(join) && after.size === shardsOf(join)
  }

  async #add(join: Join, set: string, members: readonly number[], returning: 'ALL_NEW' | 'ALL_OLD') {
    const expression = 'ADD #members :members SET #ttl = :ttl'
    return await this.#connection.update(this.#connection.keys.member('progress', join.id, set), {
      UpdateExpression: expression,
      ReturnValues: returning,
      ...placeholders({ members: new Set(members), ttl: join.removed }, expression),
    })
  }

  /** How far it is, from what is stored. */
  async #standing(join: Join): Promise<Standing> {
    const shards = Array.from({ length: shardsOf(join) }, (_, shard) => shard)
    const keys = shards.map((shard) => this.#connection.keys.member('progress', join.id, String(shard)))
    const items = await this.#connection.getMany(keys)
    const sizes = new Map(
      items.map((item) => [Number(memberOf(textOf(item, 'sk'))), numbersOf(item, 'members').size]),
    )
    let done = 0
    for (const [shard, size] of sizes) {
      this.#saw(join.id, shard, size)
      done += size
    }
    const full = shards.filter((shard) => sizes.get(shard) === sizeOf(join, shard))
    return { done, full, complete: join.sealed && full.length === shards.length }
  }

  /** At least so many: of the shards of others, as they were seen last. */
  #known({ id }: Join): number {
    let done = 0
    for (const size of this.#seen.get(id)?.values() ?? []) done += size
    return done
  }

  #saw(id: string, shard: number, size: number): void {
    const shards = this.#seen.get(id) ?? new Map<number, number>()
    // What is used comes last: the first one is forgotten first.
    this.#seen.delete(id)
    this.#seen.set(id, shards)
    shards.set(shard, Math.max(size, shards.get(shard) ?? 0))
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > 1_000 && oldest !== undefined) this.#seen.delete(oldest)
  }
}

/** Tells each report how it stood then, from how it stands after all of them. */
function inOrder(reports: readonly Report[], told: Told): readonly JoinProgress[] {
  const { join, added, done, complete, completed } = told
  const total = join?.total ?? 0
  /** How many that count are yet to come, seen from the end of the list. */
  let later = 0
  const answers = reports.toReversed().map(({ at }): JoinProgress => {
    const isAdded = added.has(at)
    const isComplete = later === 0 && (isAdded ? completed : complete)
    const answer = {
      added: isAdded,
      done: isComplete ? total : Math.max(0, done - later),
      total,
      complete: isComplete,
    }
    if (isAdded) later++
    return answer
  })
  return answers.reverse()
}

function shardsOf({ total }: Join): number {
  return Math.ceil(total / shardSize)
}

/** How many children a shard of a sealed join has. */
function sizeOf({ total }: Join, shard: number): number {
  return Math.min(shardSize, total - shard * shardSize)
}

/** Places as text sort like numbers. */
function placeKey(place: number): string {
  return String(place).padStart(padding, '0')
}
