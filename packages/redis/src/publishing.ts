import type { OutboundMessage, PublishOutcome, TaskRecord } from '@tq/core/driver'
import { Arguments } from './arguments.ts'
import { classify, isReply } from './classify.ts'
import type { Connection } from './connection.ts'
import { refusal, writeMessage } from './message-codec.ts'
import { fieldOf } from './places.ts'
import { isSame, RecordWriter } from './record-codec.ts'
import { send } from './scripts/send.ts'
import { type Section, sectionsOf, writeBuckets } from './sections.ts'

/** So much goes to the server in one script: it serves nobody else meanwhile. */
const mostAtOnce = 250
const mostBytesAtOnce = 4 * 1_048_576

interface Part {
  readonly indexes: number[]
  readonly messages: OutboundMessage[]
  bytes: number
}

/** One outcome per message, in order. Rejects when nothing was sent at all. */
export async function publishMessages(
  connection: Connection,
  queue: string,
  messages: readonly OutboundMessage[],
): Promise<readonly PublishOutcome[]> {
  // Before anything else: a closed instance says so, whatever it is asked.
  void connection.client
  const outcomes: PublishOutcome[] = []
  const parts: Part[] = []
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as OutboundMessage
    const refused = refusal(message)
    outcomes.push(refused ? { rejected: 'limit', reason: refused.message } : 'accepted')
    if (!refused) addTo(parts, index, message)
  }
  // All are written at once, in order, and so executed in order.
  const results = await Promise.allSettled(parts.map((part) => sendPart(connection, queue, part)))
  let failed = 0
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') continue
    failed++
    const outcome = outcomeOf(result.reason)
    for (const index of parts[at]?.indexes ?? []) outcomes[index] = outcome
  }
  const [first] = results
  if (failed > 0 && failed === results.length && first?.status === 'rejected' && neverSent(first.reason)) {
    throw first.reason
  }
  return outcomes
}

function addTo(parts: Part[], index: number, message: OutboundMessage): void {
  const bytes = message.body.byteLength + (message.record?.detail.length ?? 0)
  let part = parts.at(-1)
  if (!part || part.messages.length >= mostAtOnce || part.bytes + bytes > mostBytesAtOnce) {
    part = { indexes: [], messages: [], bytes: 0 }
    parts.push(part)
  }
  part.indexes.push(index)
  part.messages.push(message)
  part.bytes += bytes
}

async function sendPart(connection: Connection, queue: string, { messages, bytes }: Part): Promise<void> {
  const { keys } = connection
  const { writtenPublishing, writtenPushing, wake } = keys.queue(queue)
  const { buckets, sections } = sectionsOf(
    messages.map(({ record }) => record),
    true,
  )
  connection.index.buckets(buckets)
  const delays = messages.some(({ delayMs = 0 }) => delayMs > 0)
  const { priority = 4 } = messages[0] ?? {}
  const alike = !delays && messages.every((message) => (message.priority ?? 4) === priority)
  const needed = (alike && writtenPushing[priority]) || writtenPublishing
  const values = new Arguments(bytes + 160 * messages.length + 1_024)
  values.written(needed)
  writeBuckets(values, keys, buckets)
  values.number(needed.count)
  values.text(delays ? 'd' : '')
  const records = new RecordWriter()
  let next = 0
  // Between the sections are those without a record.
  const without = (end: number) => {
    if (next === end) return
    values.number(0)
    values.number(end - next)
    writeMessages(values, messages.slice(next, end), delays)
    next = end
  }
  for (const section of sections) {
    without(section.indexes[0] ?? next)
    next += section.indexes.length
    const own = section.indexes.map((index) => messages[index] as OutboundMessage)
    writeSection(values, section, own, records)
    writeMessages(values, own, delays)
  }
  without(messages.length)
  await connection.runWritten(send, { key: wake, keys: needed.count + 2 * buckets.length, values })
}

function writeSection(
  values: Arguments,
  { bucket, keepMs }: Section,
  messages: readonly OutboundMessage[],
  records: RecordWriter,
): void {
  const own = messages.map(({ record }) => record as TaskRecord)
  const [first] = own as [TaskRecord, ...TaskRecord[]]
  const same = own.every((record) => record === first || isSame(record, first))
  values.number(bucket)
  values.number(messages.length)
  values.number(keepMs)
  if (same) records.write(values, first)
  else values.text('')
  for (const { id } of own) values.text(fieldOf(id))
  if (!same) for (const record of own) records.write(values, record)
}

function writeMessages(values: Arguments, messages: readonly OutboundMessage[], delays: boolean): void {
  for (const message of messages) {
    writeMessage(values, message)
    if (delays) values.number(Math.ceil(message.delayMs ?? 0))
  }
}

/** An answer of Redis is certain: a script that fails has changed nothing. No answer is not. */
function outcomeOf(error: unknown): PublishOutcome {
  if (isReply(error) || neverSent(error)) return { rejected: classify(error), reason: String(error) }
  return 'unknown'
}

function neverSent(error: unknown): boolean {
  return (
    classify(error) === 'closed' ||
    (error instanceof Error && /Stream isn't writeable|Cluster isn't ready/.test(error.message))
  )
}
