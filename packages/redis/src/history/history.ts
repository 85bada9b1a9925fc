import {
  type HistoryCounts,
  type HistoryFilter,
  type HistoryPage,
  isTerminal,
  type ResultBackend,
  type TaskHistory,
  type TaskRecord,
  type TaskState,
} from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { mayHold } from '../places.ts'
import { states } from '../record-codec.ts'
import { countsIn, mostBuckets, recordsIn } from './read.ts'

/** Names of buckets, or ids, that one call looks at. */
const namesAtOnce = mostBuckets
/** Counting stops then; the rest is "at least". */
const longestCountMs = 250
/** Of one call to forget. */
const mostRounds = 20

type Order = 'latest' | 'earliest'

/** Where a walk is: in the bucket of this name and score, behind this id, or behind all of it. */
interface Place {
  readonly score: number
  readonly name: string
  readonly id?: string
}

interface Found {
  readonly records: readonly TaskRecord[]
  /** Where the walk goes on; undefined at its end. */
  readonly at: Place | undefined
}

/** Lists records bucket by bucket, in the order in which the buckets came; those that ended badly by their own index. */
export class RedisHistory implements TaskHistory {
  readonly #connection: Connection
  readonly #results: Pick<ResultBackend, 'get' | 'delete'>

  constructor(connection: Connection, results: Pick<ResultBackend, 'get' | 'delete'>) {
    this.#connection = connection
    this.#results = results
  }

  async list(
    filter: HistoryFilter,
    { cursor, limit, order = 'latest' }: Parameters<TaskHistory['list']>[1],
  ): Promise<HistoryPage> {
    const place = cursor === undefined ? undefined : (JSON.parse(cursor) as Place)
    const bad = filter.states?.every((state) => state === 'FAILURE' || state === 'REVOKED') ?? false
    const { records, at } = bad
      ? await this.#endedBadly(filter, place, limit, order)
      : await this.#inBuckets(filter, place, limit, order)
    return { records, next: at && JSON.stringify(at) }
  }

  async counts(filter: HistoryFilter, { atMost }: { readonly atMost: number }): Promise<HistoryCounts> {
    const totals = states.map(() => 0)
    let complete = true
    const until = performance.now() + longestCountMs
    for (let place: Place | undefined, first = true; first || place; first = false) {
      const names = await this.#names(this.#connection.keys.buckets, filter, place, 'latest')
      const candidates = names.filter(({ name }) => !filter.idPrefix || mayHold(name, filter.idPrefix))
      const { buckets, counts } = await this.#count(
        candidates.map(({ name }) => name),
        filter,
      )
      for (const [state, count] of counts.entries()) totals[state] = (totals[state] ?? 0) + count
      const looked = buckets < candidates.length ? candidates[buckets - 1] : names.at(-1)
      place = names.length < namesAtOnce && looked === names.at(-1) ? undefined : looked
      if (!place || performance.now() < until) continue
      complete = false
      break
    }
    const limited = totals.map((count) => Math.min(count, atMost))
    if (totals.some((count) => count > atMost)) complete = false
    return { states: toStates(limited), complete }
  }

  async trim({ keep, leastAgeMs }: Parameters<TaskHistory['trim']>[0]): Promise<number> {
    const { client, keys } = this.#connection
    await this.#connection.index.sweep()
    // A bucket holds 32 records at most of those made in one turn, and at least one.
    const buckets = await client.zcard(keys.buckets)
    if (buckets <= keep / 64) return 0
    const filter: HistoryFilter = { states: ['SUCCESS', 'FAILURE', 'REVOKED'] }
    let left = (await this.#total()) - keep
    let forgotten = 0
    let place: Place | undefined
    for (let round = 0; round < mostRounds && left > 0; round++) {
      const found = await this.#inBuckets(filter, place, Math.min(left, 1_000), 'earliest', leastAgeMs)
      await this.#results.delete(found.records.map(({ id }) => id))
      forgotten += found.records.length
      left -= found.records.length
      place = found.at
      if (!place) break
    }
    return forgotten
  }

  async #inBuckets(
    filter: HistoryFilter,
    place: Place | undefined,
    limit: number,
    order: Order,
    leastAgeMs = 0,
  ): Promise<Found> {
    const names = await this.#names(this.#connection.keys.buckets, filter, place, order)
    const { idPrefix } = filter
    const candidates = names.filter(({ name }) => !idPrefix || mayHold(name, idPrefix))
    const found = await recordsIn(
      this.#connection,
      candidates.map(({ name }) => name),
      filter,
      leastAgeMs,
    )
    const records: TaskRecord[] = []
    for (const [index, inBucket] of found.records.entries()) {
      const { name, score } = candidates[index] as Place
      const sorted = inOrder(inBucket, order).filter(({ id }) => fits(id, idPrefix, name, place, order))
      const room = limit - records.length
      records.push(...sorted.slice(0, room))
      if (records.length < limit) continue
      // Full: behind the last one taken, or behind the bucket.
      const last = sorted.length > room ? sorted[room - 1] : undefined
      return { records, at: last ? { name, score, id: last.id } : { name, score } }
    }
    const looked = found.buckets < candidates.length ? candidates[found.buckets - 1] : names.at(-1)
    const isEnd = names.length < namesAtOnce && looked === names.at(-1)
    return { records, at: isEnd ? undefined : looked }
  }

  async #endedBadly(
    filter: HistoryFilter,
    place: Place | undefined,
    limit: number,
    order: Order,
  ): Promise<Found> {
    const { client, keys } = this.#connection
    const ids = await this.#names(keys.endedBadly, filter, place, order)
    const { idPrefix } = filter
    const candidates = ids.filter(({ name }) => !idPrefix || name.startsWith(idPrefix))
    const found = await this.#results.get(candidates.map(({ name }) => name))
    const records: TaskRecord[] = []
    const gone: string[] = []
    let at: Place | undefined = ids.length < namesAtOnce ? undefined : ids.at(-1)
    for (const [index, record] of found.entries()) {
      const candidate = candidates[index] as Place
      // It runs again, or is no longer kept.
      if (!record || !isTerminal(record.state)) gone.push(candidate.name)
      else if (matches(record, filter)) records.push(record)
      if (records.length < limit) continue
      if (candidate !== ids.at(-1)) at = candidate
      break
    }
    if (gone.length > 0) await client.zrem(keys.endedBadly, ...gone)
    return { records, at }
  }

  /** The next names of an index, those of the same score in the order of their bytes. */
  async #names(
    key: string,
    { from, to }: HistoryFilter,
    place: Place | undefined,
    order: Order,
  ): Promise<readonly Place[]> {
    const { client } = this.#connection
    const least = from === undefined ? '-inf' : String(Math.floor(from / 256) * 256)
    const most = to === undefined ? '+inf' : `(${to}`
    const start = place === undefined ? (order === 'latest' ? most : least) : String(place.score)
    const range = ['LIMIT', 0, namesAtOnce] as const
    const found =
      order === 'latest'
        ? await client.zrevrangebyscore(key, start, least, 'WITHSCORES', ...range)
        : await client.zrangebyscore(key, start, most, 'WITHSCORES', ...range)
    const names: Place[] = []
    for (let at = 0; at < found.length; at += 2)
      names.push({ name: found[at] as string, score: Number(found[at + 1]) })
    return place === undefined ? names : names.filter((one) => isAhead(one, place, order))
  }

  async #count(names: readonly string[], filter: HistoryFilter) {
    if (names.length === 0) return { buckets: 0, counts: [] as readonly number[] }
    return countsIn(this.#connection, names, filter)
  }

  /** How many records there are, near enough: by the sizes of their hashes. */
  async #total(): Promise<number> {
    const { client, keys } = this.#connection
    let total = 0
    for (let start = 0; ; start += namesAtOnce) {
      const names = await client.zrange(keys.buckets, start, String(start + namesAtOnce - 1))
      const hashes = names.map((name) => keys.bucket(name)).flatMap(({ open, ended }) => [open, ended])
      for (const size of await Promise.all(hashes.map((hash) => client.hlen(hash)))) total += size
      if (names.length < namesAtOnce) return total
    }
  }
}

/** Whether it has not been passed yet. The bucket a walk is in the midst of is looked at again. */
function isAhead({ score, name }: Place, place: Place, order: Order): boolean {
  if (score !== place.score) return order === 'latest' ? score < place.score : score > place.score
  if (name === place.name) return place.id !== undefined
  return order === 'latest' ? name < place.name : name > place.name
}

function fits(
  id: string,
  idPrefix: string | undefined,
  bucket: string,
  place: Place | undefined,
  order: Order,
): boolean {
  if (idPrefix !== undefined && !id.startsWith(idPrefix)) return false
  if (place?.name !== bucket || place.id === undefined) return true
  return order === 'latest' ? id < place.id : id > place.id
}

function matches(record: TaskRecord, { states: wanted, name, queue }: HistoryFilter): boolean {
  return (
    (wanted === undefined || wanted.includes(record.state)) &&
    (name === undefined || record.name === name) &&
    (queue === undefined || record.queue === queue)
  )
}

function inOrder(records: readonly TaskRecord[], order: Order): readonly TaskRecord[] {
  const sign = order === 'latest' ? 1 : -1
  return [...records].sort((one, other) => (one.id < other.id ? sign : -sign))
}

function toStates(counts: readonly number[]): Record<TaskState, number> {
  return Object.fromEntries(states.map((state, index) => [state, counts[index] ?? 0])) as Record<
    TaskState,
    number
  >
}
