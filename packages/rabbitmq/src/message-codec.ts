import type { InboundMessage, OutboundMessage, Priority } from '@tq/core/driver'
import type { MessageProperties, Options } from 'amqplib'
import { maxBodyBytes } from './capabilities.ts'
import { maxDelayMs } from './delays.ts'
import { LimitError } from './errors.ts'

/*
 * A message's id is AMQP's message-id where it fits (255 bytes), else the header tq-id. The headers of the application
 * are one JSON text, since AMQP gives meaning to some names (CC, x-death). The priority is a header, too: the property
 * would let a server reorder messages, and a delay ends in time only in a queue that keeps its order.
 */
const longestShortString = 255
const defaultPriority: Priority = 4

/** @param lost how many leases of it have ended by themselves so far */
export function packProperties(message: Omit<OutboundMessage, 'body'>, lost: number): Options.Publish {
  const { id, priority = defaultPriority } = message
  const headers: Record<string, unknown> = {}
  if (priority !== defaultPriority) headers['tq-priority'] = priority
  if (lost > 0) headers['tq-lost'] = lost
  for (const _ in message.headers) {
    headers['tq-headers'] = JSON.stringify(message.headers)
    break
  }
  const short = id.length * 4 <= longestShortString || Buffer.byteLength(id) <= longestShortString
  if (!short) headers['tq-id'] = id
  return { persistent: true, mandatory: true, headers, ...(short ? { messageId: id } : {}) }
}

export function bodyOf({ body }: Pick<OutboundMessage, 'body'>): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/**
 * A message as it came, and how many of its leases have ended by themselves: `before` this copy was made, and `since`,
 * as the server counts.
 */
export function unpackMessage(
  content: Buffer,
  { messageId, headers }: MessageProperties,
): { readonly message: InboundMessage; readonly before: number; readonly since: number } {
  const given: Readonly<Record<string, unknown>> = headers ?? {}
  const names = given['tq-headers']
  return {
    message: {
      id: String(given['tq-id'] ?? messageId ?? ''),
      body: content,
      headers: typeof names === 'string' ? parsed(names) : {},
      priority: numberOf(given['tq-priority'], defaultPriority) as Priority,
    },
    before: numberOf(given['tq-lost'], 0),
    since: numberOf(given['x-delivery-count'], 0),
  }
}

/** Anyone may publish to a queue: what was not written here is no reason to fail. */
function parsed(text: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(text) as Record<string, string>
  } catch {
    return {}
  }
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

/** Why a message is refused; undefined when it is not. */
export function refusal({ body, delayMs = 0 }: OutboundMessage): Error | undefined {
  if (body.byteLength > maxBodyBytes) {
    return new LimitError(`a body has ${body.byteLength} bytes, and at most ${maxBodyBytes} fit`)
  }
  if (delayMs > maxDelayMs) return new LimitError(`a delay of ${delayMs} ms is longer than ${maxDelayMs} ms`)
  return undefined
}
