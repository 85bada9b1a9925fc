import type { OutboundMessage, PublishOutcome } from '@tq/core/driver'
import { classify, isReply } from './classify.ts'
import type { Argument, Connection } from './connection.ts'
import { packMessage, refusal } from './message-codec.ts'
import { packRecord, rememberedMs } from './record-codec.ts'
import { publish } from './scripts/publish.ts'
import { send } from './scripts/send.ts'

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
  for (const [index, message] of messages.entries()) {
    const refused = refusal(message)
    outcomes.push(refused ? { rejected: 'limit', reason: refused.message } : 'accepted')
    if (!refused) addTo(parts, index, message)
  }
  // All are written at once, in order, and so executed in order.
  const results = await Promise.allSettled(parts.map((part) => sendPart(connection, queue, part.messages)))
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

async function sendPart(
  connection: Connection,
  queue: string,
  messages: readonly OutboundMessage[],
): Promise<void> {
  const { keys } = connection
  const { publishing } = keys.queue(queue)
  if (messages.some(({ record }) => record !== undefined)) {
    const names = [...publishing]
    const times = messages.map(({ record }) => (record ? rememberedMs(record) : 0))
    const common = Math.max(...times)
    const same =
      messages.every(({ delayMs = 0 }) => delayMs === 0) && times.every((ms) => ms === 0 || ms === common)
    const args: Argument[] = [same ? common : '']
    for (const [index, message] of messages.entries()) {
      const { record, delayMs = 0 } = message
      if (record) names.push(keys.record(record.id))
      args.push(packMessage(message), record ? packRecord(record) : '')
      if (!same) args.push(Math.ceil(delayMs), times[index] ?? 0)
    }
    await connection.run(send, names, args)
    return
  }
  const delayed = messages.some(({ delayMs = 0 }) => delayMs > 0)
  const args: Argument[] = [delayed ? 'd' : '']
  for (const message of messages) {
    args.push(packMessage(message))
    if (delayed) args.push(Math.ceil(message.delayMs ?? 0))
  }
  await connection.run(publish, publishing, args)
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
