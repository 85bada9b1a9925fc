import type { TaskRecord } from '@tq/core/driver'
import type { Arguments } from './arguments.ts'
import type { Keys } from './keys.ts'
import { bucketOf, fieldOf } from './places.ts'
import { hasEnded, type RecordWriter, rememberedMs } from './record-codec.ts'

/** Records of one bucket that a script reads or stores in one go. */
export interface Section {
  /** From 1 on, among the buckets of the call. */
  readonly bucket: number
  readonly ended: boolean
  /** How long they are remembered. */
  readonly keepMs: number
  /** Where they stand in the list that was given. */
  readonly indexes: number[]
}

type Item = TaskRecord | { readonly id: string }

/** How a list of records is told to a script. */
export interface Sections {
  /** Names. */
  readonly buckets: readonly string[]
  readonly sections: readonly Section[]
}

/**
 * Puts together what lies together. What is named twice comes in two sections, in its order, so that the second sees
 * the first; except where scripts look after that themselves: in the order of sending, and among tasks that ended.
 *
 * @param inOrder only neighbours are put together
 */
export function sectionsOf(items: readonly (Item | undefined)[], inOrder = false): Sections {
  const numbers = new Map<string, number>()
  const latest = new Map<string, Section>()
  const seen = new Set<string>()
  const sections: Section[] = []
  let lastBucket: string | undefined
  let last: Section | undefined
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (!item) {
      last = lastBucket = undefined
      continue
    }
    const bucket = bucketOf(item.id)
    const isRecord = 'state' in item
    const ended = isRecord && hasEnded(item)
    const keepMs = isRecord ? rememberedMs(item) : 0
    let section = bucket === lastBucket ? last : inOrder ? undefined : latest.get(bucket)
    if (!section || section.ended !== ended || section.keepMs !== keepMs || (!ended && seen.has(item.id))) {
      let number = numbers.get(bucket)
      if (number === undefined) {
        number = numbers.size + 1
        numbers.set(bucket, number)
      }
      section = { bucket: number, ended, keepMs, indexes: [] }
      sections.push(section)
      latest.set(bucket, section)
    }
    if (!ended && !inOrder) seen.add(item.id)
    section.indexes.push(index)
    last = section
    lastBucket = bucket
  }
  return { buckets: [...numbers.keys()], sections }
}

/** The keys of the buckets, both hashes of each. */
export function writeBuckets(values: Arguments, keys: Keys, buckets: readonly string[]): void {
  for (const name of buckets) {
    const { open, ended } = keys.bucket(name)
    values.text(open)
    values.text(ended)
  }
}

/** A section's head and fields. */
export function writeFields(
  values: Arguments,
  { bucket, indexes }: Section,
  ids: (index: number) => string,
): void {
  values.number(bucket)
  values.number(indexes.length)
  for (const index of indexes) values.text(fieldOf(ids(index)))
}

/** A section of records that are to be stored. */
export function writeStored(
  values: Arguments,
  { bucket, ended, keepMs, indexes }: Section,
  records: (index: number) => TaskRecord,
  writer: RecordWriter,
): void {
  values.number(bucket)
  values.number(indexes.length)
  values.text(ended ? 'e' : '')
  values.number(keepMs)
  for (const index of indexes) values.text(fieldOf(records(index).id))
  for (const index of indexes) writer.write(values, records(index))
}
