import type { Millis, TaskRecord } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { bucketOf, timeOfBucket } from '../places.ts'
import { script } from '../script.ts'

/** So many buckets are remembered as noted; then all are noted once more. */
const mostKnown = 20_000
/** For so many new buckets a look at twice as many old ones. */
const sweepEvery = 500
/** Longer than anything it lists; said again by every process that starts. */
const keptMs: Millis = 400 * 86_400_000

/**
 * Ended otherwise than in success: their ids, by when their bucket came.
 *
 * KEYS ended badly, buckets
 * ARGV id, bucket, …
 */
const noteEnded = script(
  'history-ended',
  `for i = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[2], ARGV[i + 1])
  if score then redis.call('ZADD', KEYS[1], score, ARGV[i]) end
end
return 1
`,
)

/** KEYS both hashes of each bucket. Answers which of the buckets are gone. */
const gone = script(
  'history-gone',
  `local answer = {}
for i = 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[i], KEYS[i + 1]) == 0 then answer[#answer + 1] = (i + 1) / 2 end
end
return answer
`,
)

/**
 * Knows in which order the buckets of records came, so that records can be listed. Written beside the records, in the
 * same stream of commands but not in the same step: what a process that dies in between had not sent is not listed,
 * nothing else. One entry for a whole bucket: at 1,000 tasks/s about thirty a second.
 */
export class RecordIndex {
  readonly #connection: Connection
  readonly #known = new Set<string>()
  #owned = 0
  #unswept = 0
  #broom = 0
  #sweeping = false
  #kept = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Records of these buckets are about to be stored. */
  buckets(names: Iterable<string>): void {
    const fresh: string[] = []
    for (const name of names) {
      if (this.#known.has(name)) continue
      this.#known.add(name)
      fresh.push(name)
    }
    if (fresh.length > 0) this.#note(fresh)
  }

  /** These records are about to be stored. */
  records(records: readonly (TaskRecord | undefined)[]): void {
    const names: string[] = []
    const ended: string[] = []
    let last = ''
    for (const record of records) {
      if (!record) continue
      const name = bucketOf(record.id)
      if (name !== last) names.push(name)
      last = name
      if (record.state === 'FAILURE' || record.state === 'REVOKED') ended.push(record.id, name)
    }
    this.buckets(names)
    if (ended.length === 0) return
    const { keys } = this.#connection
    this.#connection.run(noteEnded, [keys.endedBadly, keys.buckets], ended).catch(() => {})
  }

  #note(fresh: readonly string[]): void {
    const { client, keys, clock } = this.#connection
    const pairs = fresh.flatMap((name) => [this.#scoreOf(name, clock.now()), name])
    client.zadd(keys.buckets, 'NX', ...pairs).catch(() => {
      // Noted with the next record of that bucket.
      for (const name of fresh) this.#known.delete(name)
    })
    if (!this.#kept) {
      this.#kept = true
      for (const key of [keys.buckets, keys.endedBadly]) client.pexpire(key, keptMs).catch(() => {})
    }
    if (this.#known.size > mostKnown) this.#known.clear()
    this.#unswept += fresh.length
    if (this.#unswept >= sweepEvery) void this.sweep()
  }

  /** Where ids tell the time, that; distinct for each bucket, also within a millisecond. */
  #scoreOf(name: string, now: number): number {
    return timeOfBucket(name) ?? now + (this.#owned++ % 4_096) / 4_096
  }

  /** Forgets buckets that are gone; one round over all of them takes many calls. */
  async sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    const count = Math.min(2_000, 2 * Math.max(this.#unswept, sweepEvery))
    this.#unswept = 0
    try {
      const { client, keys } = this.#connection
      const names = await client.zrange(keys.buckets, this.#broom, String(this.#broom + count - 1))
      const lost = await this.missing(names)
      if (lost.length > 0) await client.zrem(keys.buckets, [...lost])
      this.#broom = names.length < count ? 0 : this.#broom + names.length - lost.length
    } catch {
      // Nobody waits for it: the next sweep tries again.
    } finally {
      this.#sweeping = false
    }
  }

  /** Those of which nothing is there any more. */
  async missing(names: readonly string[]): Promise<readonly string[]> {
    const size = this.#connection.isCluster ? 1 : 500
    const found: Promise<readonly string[]>[] = []
    for (let start = 0; start < names.length; start += size) {
      const part = names.slice(start, start + size)
      const hashes = part.flatMap((name) => Object.values(this.#connection.keys.bucket(name)))
      found.push(
        this.#connection
          .run(gone, hashes, [])
          .then((numbers) => (numbers as readonly number[]).map((number) => part[number - 1] as string)),
      )
    }
    return (await Promise.all(found)).flat()
  }
}
