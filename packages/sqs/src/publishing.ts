import { randomUUID } from 'node:crypto'
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import type { BrokerErrorCode, OutboundMessage, PublishOutcome } from '@tq/core/driver'
import { bandOf } from './bands.ts'
import { inBatches } from './batching.ts'
import { maxDelayMs } from './capabilities.ts'
import { classify, errorName, isRefusal, neverSent } from './classify.ts'
import type { Connection } from './connection.ts'
import { type Packed, packMessage } from './message-codec.ts'

/** Tells entries that were refused for good from those that were refused for now. */
const tooLarge = /shorter than|too long|exceed/i

interface Outgoing extends Packed {
  readonly index: number
}

/** One outcome per message, in order. Rejects when nothing was sent at all. */
export async function publishMessages(
  connection: Connection,
  queue: string,
  messages: readonly OutboundMessage[],
): Promise<readonly PublishOutcome[]> {
  connection.check()
  const { options, queues } = connection
  const outcomes: PublishOutcome[] = messages.map(() => 'unknown')
  const perBand = new Map<number, Outgoing[]>()
  for (const [index, message] of messages.entries()) {
    const packed = packMessage(message, 0, options.fifo)
    const reason = refusal(message, packed, connection)
    if (reason !== undefined) {
      outcomes[index] = { rejected: 'limit', reason }
      continue
    }
    const band = bandOf(queues.bands, message.priority)
    const together = perBand.get(band)
    if (together) together.push({ ...packed, index })
    else perBand.set(band, [{ ...packed, index }])
  }
  const thrown = await Promise.all(
    [...perBand].map(([band, outgoing]) => sendBand(connection, queue, band, outgoing, outcomes)),
  )
  const errors = thrown.flat()
  if (errors.length > 0 && errors.every((error) => error !== undefined && neverSent(error))) throw errors[0]
  if (errors.some((error) => classify(error) === 'queue-missing')) queues.forget(queue)
  return outcomes
}

/** Why a message is refused; undefined when it is not. */
function refusal(
  { id, body, delayMs = 0 }: OutboundMessage,
  { bytes }: Packed,
  { options, maxBodyBytes }: Connection,
): string | undefined {
  if (body.byteLength > maxBodyBytes)
    return `a body has ${body.byteLength} bytes, and at most ${maxBodyBytes} fit`
  if (bytes > options.maxMessageBytes) {
    return `message '${id}' has ${bytes} bytes as SQS counts, and at most ${options.maxMessageBytes} fit`
  }
  if (options.fifo && delayMs > 1) return 'a FIFO queue of SQS delays no single message (ordering=fifo)'
  if (delayMs > maxDelayMs) return `a delay of ${delayMs} ms is longer than SQS's ${maxDelayMs} ms`
  return undefined
}

/** Errors of the calls that failed, undefined for those that did not. */
async function sendBand(
  connection: Connection,
  queue: string,
  band: number,
  outgoing: readonly Outgoing[],
  outcomes: PublishOutcome[],
): Promise<readonly unknown[]> {
  const tell = (one: readonly Outgoing[], outcome: PublishOutcome) => {
    for (const { index } of one) outcomes[index] = outcome
  }
  let url: string
  try {
    url = (await connection.queues.find(queue, band)).url
  } catch (error) {
    // Whatever happened, nothing was sent.
    tell(outgoing, { rejected: classify(error), reason: String(error) })
    return [error]
  }
  const batches = inBatches(outgoing, ({ bytes }) => bytes)
  const send = async (batch: readonly Outgoing[]) => {
    try {
      const sent = await sendEntries(
        connection,
        url,
        batch.map(({ entry }) => entry),
      )
      for (const [at, { index }] of batch.entries()) outcomes[index] = sent[at] ?? 'unknown'
      return undefined
    } catch (error) {
      tell(batch, outcomeOf(error))
      return error
    }
  }
  if (!connection.options.fifo) return await Promise.all(batches.map(send))
  // One after the other keeps the order.
  const errors: unknown[] = []
  for (const batch of batches) errors.push(await send(batch))
  return errors
}

/** One call. Rejects when it fails as a whole. */
export async function sendEntries(
  connection: Connection,
  url: string,
  entries: readonly Packed['entry'][],
): Promise<readonly PublishOutcome[]> {
  const { fifo } = connection.options
  const startedAt = connection.clock.monotonic()
  const { Failed = [], Successful = [] } = await connection.ask((client) =>
    client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: entries.map((entry, at) => ({
          ...entry,
          Id: String(at),
          // Two messages with the same content are two messages: nothing is dropped for being alike.
          ...(fifo ? { MessageDeduplicationId: randomUUID() } : {}),
        })),
      }),
    ),
  )
  connection.answered(connection.clock.monotonic() - startedAt)
  const outcomes: PublishOutcome[] = entries.map(() => 'unknown')
  for (const { Id } of Successful) outcomes[Number(Id)] = 'accepted'
  for (const { Id, Code = '', Message = '', SenderFault } of Failed) {
    outcomes[Number(Id)] = {
      rejected: codeOf(Code, Message, SenderFault ?? false),
      reason: `${Code} ${Message}`.trim(),
    }
  }
  return outcomes
}

/** An entry that failed was certainly not stored. */
function codeOf(code: string, message: string, senderFault: boolean): BrokerErrorCode {
  if (senderFault && tooLarge.test(message)) return 'limit'
  const named = classify(Object.assign(new Error(message), { name: errorName(code) }))
  if (named !== 'unknown') return named
  return senderFault ? 'unknown' : 'blocked'
}

function outcomeOf(error: unknown): PublishOutcome {
  if (isRefusal(error) || neverSent(error)) return { rejected: classify(error), reason: String(error) }
  return 'unknown'
}
