import type { InboundMessage, OutboundMessage, Priority } from '@tq/core/driver'
import { redisCapabilities } from './capabilities.ts'
import { LimitError } from './errors.ts'
import { isLonger } from './record-codec.ts'

/*
 * A message as the client packs it, little-endian:
 *   priority (1 byte) · length of the id (2) · id · length of the headers (4) · headers as JSON, or nothing · body
 * The server puts in front of it how many leases of it were lost (2) and when it was sent (6).
 */
const stamp = 8
const fixed = 7
const longestId = 65_535

/** What a script gets: everything but what only the server knows. */
export function packMessage({ id, headers, body, priority = 4 }: OutboundMessage): Buffer {
  let names = ''
  for (const _ in headers) {
    names = JSON.stringify(headers)
    break
  }
  const idLength = Buffer.byteLength(id)
  const namesLength = names === '' ? 0 : Buffer.byteLength(names)
  const packed = Buffer.allocUnsafe(fixed + idLength + namesLength + body.byteLength)
  packed[0] = priority
  packed.writeUInt16LE(idLength, 1)
  packed.write(id, 3)
  packed.writeUInt32LE(namesLength, 3 + idLength)
  if (namesLength > 0) packed.write(names, fixed + idLength)
  packed.set(body, fixed + idLength + namesLength)
  return packed
}

/** A message out of a ready list, with what the server knows of it. */
export interface StoredMessage {
  readonly message: InboundMessage
  readonly lost: number
  readonly sentAt: number
}

export function unpackMessage(stored: Buffer): StoredMessage {
  const idEnd = stamp + 3 + stored.readUInt16LE(stamp + 1)
  const namesStart = idEnd + 4
  const namesEnd = namesStart + stored.readUInt32LE(idEnd)
  return {
    lost: stored.readUInt16LE(0),
    sentAt: stored.readUIntLE(2, 6),
    message: {
      id: stored.toString('utf8', stamp + 3, idEnd),
      headers:
        namesEnd === namesStart
          ? {}
          : (JSON.parse(stored.toString('utf8', namesStart, namesEnd)) as Record<string, string>),
      priority: stored.readUInt8(stamp) as Priority,
      body: stored.subarray(namesEnd),
    },
  }
}

/** Why a message is refused; undefined when it is not. */
export function refusal({ id, body, delayMs = 0, record }: OutboundMessage): Error | undefined {
  const { maxBodyBytes, maxDelayMs } = redisCapabilities
  if (body.byteLength > maxBodyBytes) {
    return new LimitError(`a body has ${body.byteLength} bytes, and at most ${maxBodyBytes} fit`)
  }
  if (delayMs > maxDelayMs) return new LimitError(`a delay of ${delayMs} ms is longer than ${maxDelayMs} ms`)
  if (isLonger(id, longestId)) return new LimitError(`an id is longer than ${longestId} bytes`)
  if (record && isLonger(record.detail, maxBodyBytes)) {
    return new LimitError(`the record of '${id}' is longer than ${maxBodyBytes} bytes`)
  }
  return undefined
}
