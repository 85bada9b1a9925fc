import { isUtf8 } from 'node:buffer'
import { createHash, randomUUID } from 'node:crypto'
import type { Message, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import type { InboundMessage, OutboundMessage, Priority } from '@tq/core/driver'

/** The one attribute that holds everything but the body. */
export const attributeName = 'tq'

/** How bytes became text: as they are, in base64, or nothing at all, which SQS does not take. */
type Encoding = 'text' | 'base64' | 'empty'

/** What the attribute says, as JSON in ASCII. */
interface Label {
  /** Of this layout. */
  readonly v: 1
  readonly id: string
  readonly p: Priority
  readonly h?: Readonly<Record<string, string>>
  /** Leases of the message that ended by themselves, before it was copied. Absent: none. */
  readonly lost?: number
  /** Absent: as it is. */
  readonly e?: Exclude<Encoding, 'text'>
}

/** A message ready to be sent. */
export interface Packed {
  readonly entry: Omit<SendMessageBatchRequestEntry, 'Id'>
  /** As SQS counts. */
  readonly bytes: number
}

/** What SQS takes in a body and hands on unchanged; characters beyond U+FFFF go in base64. */
const forbidden = /[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/
const groupPattern = /^[\x21-\x7e]{1,128}$/

/** @param lost leases of it that ended by themselves */
export function packMessage(message: OutboundMessage, lost: number, fifo: boolean): Packed {
  const { id, headers, priority = 4, delayMs = 0 } = message
  const { body, encoding } = encode(message.body)
  let anyHeader = false
  for (const _ in headers) {
    anyHeader = true
    break
  }
  const label: Label = {
    v: 1,
    id,
    p: priority,
    ...(anyHeader ? { h: headers } : {}),
    ...(lost > 0 ? { lost } : {}),
    ...(encoding === 'text' ? {} : { e: encoding }),
  }
  const value = ascii(JSON.stringify(label))
  const group = groupOf(message, fifo)
  return {
    entry: {
      MessageBody: body,
      MessageAttributes: { [attributeName]: { DataType: 'String', StringValue: value } },
      ...(delayMs > 0 && !fifo ? { DelaySeconds: Math.ceil(delayMs / 1_000) } : {}),
      ...(group === undefined ? {} : { MessageGroupId: group }),
    },
    bytes: Buffer.byteLength(body) + attributeName.length + 'String'.length + value.length,
  }
}

/** What a received message says of itself. */
export interface Unpacked {
  readonly message: InboundMessage
  /** How many leases of it ended by themselves before this one. */
  readonly lost: number
  readonly sentAt: number | undefined
  readonly group: string | undefined
}

export function unpackMessage(received: Message): Unpacked {
  const { Body = '', MessageId = '', Attributes, MessageAttributes } = received
  const label = readLabel(MessageAttributes?.[attributeName]?.StringValue)
  const receives = Number(Attributes?.ApproximateReceiveCount ?? 1)
  const common = {
    lost: (label?.lost ?? 0) + Math.max(0, receives - 1),
    sentAt: Attributes?.SentTimestamp === undefined ? undefined : Number(Attributes.SentTimestamp),
    group: Attributes?.MessageGroupId,
  }
  // Not sent by us: handed on as it is, so that core can set it aside.
  if (!label) {
    return { ...common, message: { id: MessageId, body: Buffer.from(Body), headers: {}, priority: 4 } }
  }
  const { id, p: priority, h: headers = {}, e: encoding = 'text' } = label
  return { ...common, message: { id, body: decode(Body, encoding), headers, priority } }
}

function encode(bytes: Uint8Array): { readonly body: string; readonly encoding: Encoding } {
  if (bytes.byteLength === 0) return { body: '-', encoding: 'empty' }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(buffer)) {
    const body = buffer.toString('utf8')
    if (!forbidden.test(body)) return { body, encoding: 'text' }
  }
  return { body: buffer.toString('base64'), encoding: 'base64' }
}

function decode(body: string, encoding: Encoding): Uint8Array {
  if (encoding === 'empty') return new Uint8Array(0)
  return Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8')
}

function readLabel(value: string | undefined): Label | undefined {
  if (value === undefined) return undefined
  try {
    const label = JSON.parse(value) as Label
    return label.v === 1 && typeof label.id === 'string' ? label : undefined
  } catch {
    return undefined
  }
}

/** The same JSON in characters that SQS takes anywhere. */
function ascii(json: string): string {
  return json.replace(/[\x7f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** On a FIFO queue everything has a group: without one it is a group of its own, which nothing holds up. */
function groupOf({ group }: OutboundMessage, fifo: boolean): string | undefined {
  const name = group ?? (fifo ? randomUUID() : undefined)
  if (name === undefined || groupPattern.test(name)) return name
  return `sha256:${createHash('sha256').update(name).digest('hex')}`
}
