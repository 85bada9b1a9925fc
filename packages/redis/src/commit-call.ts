import type { CommitItem, TaskRecord } from '@tq/core/driver'
import { Arguments } from './arguments.ts'
import type { WrittenCall } from './connection.ts'
import type { Keys } from './keys.ts'
import type { HeldLease } from './leases.ts'
import { writeMessage } from './message-codec.ts'
import { bucketOf, fieldOf } from './places.ts'
import { RecordWriter, rememberedMs } from './record-codec.ts'
import { sectionsOf, writeBuckets, writeStored } from './sections.ts'

interface FollowUps {
  readonly queues: readonly string[]
  write(values: Arguments, records: RecordWriter): void
}

/** What `commit` is told of those items that are held, and where in that list each of its answers belongs. */
export function commitCall(
  keys: Keys,
  heldKey: string,
  all: readonly CommitItem[],
  held: readonly HeldLease[],
  careful: boolean,
): { readonly order: readonly number[]; readonly call: WrittenCall } {
  const items = held.length === all.length ? all : held.map(({ index }) => all[index] as CommitItem)
  const { sections, buckets } = sectionsOf(items.map(({ record }) => record))
  const allBuckets = [...buckets]
  const order = sections.flatMap(({ indexes }) => indexes)
  const recorded = order.length
  for (let index = 0; index < items.length; index++) if (!items[index]?.record) order.push(index)
  const followUps = followUpsOf(items, order, allBuckets)
  const values = new Arguments(256 * items.length + 64 * buckets.length)
  values.text(heldKey)
  values.text(keys.watched)
  writeBuckets(values, keys, allBuckets)
  for (const queue of followUps.queues) values.written(keys.queue(queue).writtenPublishing)
  const count = values.count
  values.text(careful ? 'c' : '')
  values.number(items.length)
  values.number(recorded)
  values.number(2 + 2 * allBuckets.length)
  for (const index of order) values.number(held[index]?.number ?? 0)
  const records = new RecordWriter()
  for (const section of sections) {
    writeStored(values, section, (index) => items[index]?.record as TaskRecord, records)
  }
  followUps.write(values, records)
  return { order, call: { key: heldKey, keys: count, values } }
}

/** What is published along with the end of tasks; the buckets of its records join the others. */
function followUpsOf(items: readonly CommitItem[], order: readonly number[], buckets: string[]): FollowUps {
  const queues: string[] = []
  const writes: ((values: Arguments, records: RecordWriter) => void)[] = []
  for (let place = 0; place < order.length; place++) {
    const { publish } = items[order[place] as number] as CommitItem
    if (!publish) continue
    for (const { queue, message } of publish) {
      const { record, delayMs = 0 } = message
      const queueNumber = numberIn(queues, queue)
      const bucket = record ? 1 + numberIn(buckets, bucketOf(record.id)) : 0
      writes.push((values, records) => {
        values.number(place + 1)
        values.number(queueNumber)
        values.number(Math.ceil(delayMs))
        writeMessage(values, message)
        values.number(bucket)
        values.number(record ? rememberedMs(record) : 0)
        values.text(record ? fieldOf(record.id) : '')
        if (record) records.write(values, record)
        else values.text('')
      })
    }
  }
  return {
    queues,
    write: (values, records) => {
      for (const write of writes) write(values, records)
    },
  }
}

function numberIn(list: string[], item: string): number {
  const known = list.indexOf(item)
  return known < 0 ? list.push(item) - 1 : known
}
