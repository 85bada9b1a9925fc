import type {
  HistoryCounts,
  HistoryFilter,
  HistoryPage,
  TaskHistory,
  TaskRecord,
  TaskState,
} from '@tq/core/driver'
import { type Item, line, numberOf, placeholders, textOf } from './attributes.ts'
import { isConflict } from './classify.ts'
import type { Connection } from './connection.ts'
import { type Key, nameOfKey } from './keys.ts'
import { isTroubled, type ListIndex, seenIndex, shardsOf, timeText, troubleIndex } from './listing.ts'
import { isReadable, recordOf } from './records.ts'

/** Entries of one partition that one query looks through for those that fit; in one page more and more. */
const lookedThrough = [100, 500, 2_500, 2_500] as const
/** Records that are read together: a whole call's, and no fewer even where few are wanted, as some do not fit. */
const readAtOnce = 100
const fewestAtOnce = 25
/** Records of which only the state is read. */
const lookedAtOnce = 500
/** Reading them is paid for: counting stops then, and the rest is "at least". */
const mostCounted = 5_000
const deletedAtOnce = 500

const states: readonly TaskState[] = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
/** What a filter, and trimming, need to know of a record. */
const brief = line('#name, #queue, #state, #ended, #expires, #ttlMs, #generation, pk')

type Order = 'latest' | 'earliest'

/** A record in the index: where it lies in time, and its item. */
interface Seen {
  readonly seen: string
  readonly key: Key
}

/** What to look at. */
interface Question {
  readonly index: ListIndex
  readonly filter: HistoryFilter
  readonly place: string | undefined
  readonly order: Order
  /** That many that fit, and in each partition so many to look through for them. */
  readonly most: number
  readonly look: number
}

const all = {
  index: seenIndex,
  filter: {},
  order: 'latest',
  most: lookedAtOnce,
  look: 2_500,
} as const

/** Lists records from indexes over a few partitions, which are read side by side and put in one order. */
export class DynamodbHistory implements TaskHistory {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async list(
    filter: HistoryFilter,
    { cursor, limit, order = 'latest' }: Parameters<TaskHistory['list']>[1],
  ): Promise<HistoryPage> {
    const records: TaskRecord[] = []
    let place = cursor
    const index = indexFor(filter.states)
    for (const look of lookedThrough) {
      const most = Math.min(readAtOnce, Math.max(limit - records.length, fewestAtOnce))
      const { found, reached } = await this.#next({ index, filter, place, order, most, look })
      for (const { seen, record } of await this.#read(filter, found)) {
        if (record) records.push(record)
        if (records.length < limit) continue
        const isLast = reached === undefined && seen === found.at(-1)?.seen
        return { records, next: isLast ? undefined : seen }
      }
      place = reached
      if (place === undefined) break
    }
    return { records, next: place }
  }

  async counts(filter: HistoryFilter, { atMost }: { readonly atMost: number }): Promise<HistoryCounts> {
    const counts = Object.fromEntries(states.map((state) => [state, 0])) as Record<TaskState, number>
    const wanted = filter.states ?? states
    const parts = [wanted.filter(isTroubled), wanted.filter((state) => !isTroubled(state))]
    const whole = await Promise.all(
      parts.map((part) => this.#count({ ...filter, states: part }, atMost, counts)),
    )
    let complete = whole.every(Boolean)
    for (const state of states) {
      if (counts[state] > atMost) complete = false
      counts[state] = Math.min(counts[state], atMost)
    }
    return { states: counts, complete }
  }

  async trim({ keep, leastAgeMs }: Parameters<TaskHistory['trim']>[0]): Promise<number> {
    const excess = Math.min(deletedAtOnce, (await this.#countTo(keep + deletedAtOnce)) - keep)
    let forgotten = 0
    for (let place: string | undefined; forgotten < excess; ) {
      const { found, reached } = await this.#next({ ...all, place, order: 'earliest' })
      const { earliest } = this.#connection.now()
      const old = (await this.#briefs(found)).filter(
        (item) =>
          item['ended']?.BOOL === true &&
          numberOf(item, 'expires') - numberOf(item, 'ttlMs') <= earliest - leastAgeMs,
      )
      const gone = await this.#connection.all(old.slice(0, excess - forgotten), (item) => this.#forget(item))
      forgotten += gone.filter(Boolean).length
      place = reached
      if (place === undefined) break
    }
    return forgotten
  }

  /** False when it stopped before the end. */
  async #count(filter: HistoryFilter, atMost: number, counts: Record<TaskState, number>): Promise<boolean> {
    const { states: wanted = [] } = filter
    let place: string | undefined
    for (let looked = 0; wanted.length > 0; ) {
      const { found, reached } = await this.#next({ ...all, index: indexFor(wanted), filter, place })
      for (const item of await this.#briefs(found)) {
        if (fits(filter, item)) counts[textOf(item, 'state') as TaskState]++
      }
      place = reached
      if (place === undefined) return true
      looked += found.length
      if (looked >= mostCounted || wanted.every((state) => counts[state] > atMost)) return false
    }
    return true
  }

  /**
   * The next of all partitions, in order, no further than the first of them goes that may have more; and how far that is:
   * undefined at the end.
   */
  async #next(
    question: Question,
  ): Promise<{ readonly found: readonly Seen[]; readonly reached: string | undefined }> {
    const { order, most } = question
    const shards = shardsOf(this.#connection.keys)
    const parts = await this.#connection.all(shards, (shard) => this.#part(shard, question))
    const sign = order === 'latest' ? -1 : 1
    const compare = (one: string, other: string) => (one < other ? -sign : one > other ? sign : 0)
    const [horizon] = parts.flatMap(({ reached }) => reached ?? []).sort(compare)
    const sorted = parts.flatMap(({ found }) => found).sort((one, other) => compare(one.seen, other.seen))
    const within = horizon === undefined ? sorted : sorted.filter(({ seen }) => compare(seen, horizon) <= 0)
    const found = within.slice(0, most)
    return { found, reached: found.length < within.length ? found.at(-1)?.seen : horizon }
  }

  /** Of one partition: those that fit as far as the index tells, and how far it was looked at. */
  async #part(
    shard: string,
    { index, filter, place, order, most, look }: Question,
  ): Promise<{ readonly found: readonly Seen[]; readonly reached: string | undefined }> {
    const { from, to, name, queue, idPrefix } = filter
    const bounds = { least: timeText(from ?? 0), most: to === undefined ? '~' : timeText(to) }
    if (place !== undefined) bounds[order === 'latest' ? 'most' : 'least'] = place
    if (bounds.least > bounds.most) return { found: [], reached: undefined }
    const prefix = idPrefix === undefined ? undefined : this.#connection.keys.partition('record', idPrefix)
    const filters = [
      ...(name === undefined ? [] : ['#name = :name']),
      ...(queue === undefined ? [] : ['#queue = :queue']),
      ...(prefix === undefined ? [] : ['begins_with(#pk, :prefix)']),
    ].join(' AND ')
    const condition = `#${index.partition} = :shard AND #seen BETWEEN :least AND :most`
    const values = {
      shard,
      ...bounds,
      ...(name === undefined ? {} : { name }),
      ...(queue === undefined ? {} : { queue }),
      ...(prefix === undefined ? {} : { prefix }),
    }
    const { Items = [], LastEvaluatedKey } = await this.#connection.query({
      IndexName: index.name,
      ConsistentRead: false,
      KeyConditionExpression: condition,
      ScanIndexForward: order === 'earliest',
      // Counted before it is filtered. One of them may be the place itself.
      Limit: filters === '' ? most + 1 : look,
      ...(filters === '' ? {} : { FilterExpression: filters }),
      ...placeholders(values, condition, filters),
    })
    const found = Items.map((item) => ({ seen: textOf(item, 'seen'), key: keyOf(item) })).filter(
      ({ seen }) => seen !== place,
    )
    const reached = textOf(LastEvaluatedKey, 'seen')
    return { found, reached: reached === '' ? undefined : reached }
  }

  async #read(filter: HistoryFilter, found: readonly Seen[]) {
    const items = await this.#connection.getMany(found.map(({ key }) => key))
    const byKey = new Map(items.map((item) => [textOf(item, 'pk'), item]))
    const now = this.#connection.now()
    return found.map(({ seen, key }) => {
      const item = byKey.get(key.pk.S)
      const isListed = item && isReadable(item, now) && fits(filter, item)
      return { seen, record: isListed ? recordOf(nameOfKey(key), item) : undefined }
    })
  }

  /** Of those that are readable. */
  async #briefs(found: readonly Seen[]): Promise<readonly Item[]> {
    const items = await this.#connection.getMany(
      found.map(({ key }) => key),
      { ProjectionExpression: brief, ...placeholders({}, brief) },
    )
    const now = this.#connection.now()
    return items.filter((item) => isReadable(item, now))
  }

  async #countTo(most: number): Promise<number> {
    let total = 0
    for (const shard of shardsOf(this.#connection.keys)) {
      let start: Item | undefined
      do {
        const condition = '#shard = :shard'
        const { Count = 0, LastEvaluatedKey } = await this.#connection.query({
          IndexName: seenIndex.name,
          ConsistentRead: false,
          Select: 'COUNT',
          KeyConditionExpression: condition,
          ...(start ? { ExclusiveStartKey: start } : {}),
          ...placeholders({ shard }, condition),
        })
        total += Count
        start = LastEvaluatedKey
      } while (start && total < most)
      if (total >= most) return total
    }
    return total
  }

  /** False when somebody has begun to run it again. */
  async #forget(item: Item): Promise<boolean> {
    const condition = '#ended = :yes AND #generation = :generation'
    const values = { yes: true, generation: numberOf(item, 'generation') }
    try {
      await this.#connection.delete(keyOf(item), {
        ConditionExpression: condition,
        ReturnValues: 'NONE',
        ...placeholders(values, condition),
      })
      return true
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }
}

/** Records stand alone under their partition key. */
function keyOf(item: Item): Key {
  return { pk: { S: textOf(item, 'pk') }, sk: { S: '-' } }
}

/** What did not go well is found among its like. */
function indexFor(wanted: readonly TaskState[] = states): ListIndex {
  return wanted.every(isTroubled) ? troubleIndex : seenIndex
}

/** Once more what the index was asked, which may lag behind; and what it cannot tell. */
function fits({ states: wanted, name, queue, idPrefix }: HistoryFilter, item: Item): boolean {
  if (wanted && !wanted.includes(textOf(item, 'state') as TaskState)) return false
  if (name !== undefined && textOf(item, 'name') !== name) return false
  if (queue !== undefined && textOf(item, 'queue') !== queue) return false
  return idPrefix === undefined || nameOfKey(keyOf(item)).startsWith(idPrefix)
}
