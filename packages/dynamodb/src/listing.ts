import { createHash } from 'node:crypto'
import type { TaskState } from '@tq/core/driver'
import type { Keys } from './keys.ts'
import type { Instant } from './service-time.ts'

/**
 * Two global indexes by when the first record of a task was stored: of all records, and of those that did not go well, which
 * are few. A task that succeeds is written to one of them, once. A table without them lists nothing and writes nothing more.
 */
export const seenIndex = { name: 'seen', partition: 'shard' } as const
export const troubleIndex = { name: 'trouble', partition: 'trouble' } as const
export type ListIndex = typeof seenIndex | typeof troubleIndex
export const listIndexes: readonly ListIndex[] = [seenIndex, troubleIndex]

const troubled: ReadonlySet<TaskState> = new Set<TaskState>(['FAILURE', 'REVOKED', 'RETRY'])

/** One partition of an index takes a thousand changes a second: tasks are spread over so many. */
const shardCount = 4
/** Of the 1,024 bytes that a sort key may have. */
const longestId = 900

/** The partitions and the sort key of a record in the indexes. */
export interface Place {
  readonly shard: string
  readonly seen: string
  /** Undefined where all is well. */
  readonly trouble: string | undefined
}

export const isTroubled = (state: TaskState): boolean => troubled.has(state)

/** Where a task has its place that is first stored now. */
export function placeOf(keys: Keys, id: string, state: TaskState, { earliest, latest }: Instant): Place {
  const digest = createHash('sha256').update(id).digest()
  const isShort = id.length * 3 <= longestId || Buffer.byteLength(id) <= longestId
  const shard = shardOf(keys, (digest[0] ?? 0) % shardCount)
  return {
    shard,
    seen: `${timeText((earliest + latest) / 2)}#${isShort ? id : digest.toString('hex')}`,
    trouble: isTroubled(state) ? shard : undefined,
  }
}

export function shardsOf(keys: Keys): readonly string[] {
  return Array.from({ length: shardCount }, (_, shard) => shardOf(keys, shard))
}

/** A time as sort keys begin with it: in the order of texts. */
export function timeText(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, '0')
}

const shardOf = (keys: Keys, shard: number): string => keys.partition('seen', String(shard))
