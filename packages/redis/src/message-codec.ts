import type { InboundMessage, OutboundMessage, Priority } from '@tq/core/driver'
import type { Arguments } from './arguments.ts'
import { redisCapabilities } from './capabilities.ts'
import { LimitError } from './errors.ts'
import { isShared } from './places.ts'
import { isLonger } from './record-codec.ts'

/*
 * A message as it is stored, little-endian:
 *   how many leases of it were lost (2 bytes; the server counts) · priority (1) · whether its record shares a bucket (1)
 *   · lengths of the id (2), the headers (4) and the body (4) · id · headers as JSON, or nothing · body
 */
const fixed = 14
const longestId = 65_535
const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

/** Writes one argument. */
export function writeMessage(values: Arguments, { id, headers, body, priority = 4 }: OutboundMessage): void {
  let names = ''
  for (const _ in headers) {
    names = JSON.stringify(headers)
    break
  }
  const idLength = Buffer.byteLength(id)
  const namesLength = names === '' ? 0 : Buffer.byteLength(names)
  const at = values.space(fixed + idLength + namesLength + body.byteLength)
  const { bytes } = values
  bytes.writeUInt16LE(0, at)
  bytes[at + 2] = priority
  bytes[at + 3] = isShared(id) ? 1 : 0
  bytes.writeUInt16LE(idLength, at + 4)
  bytes.writeUInt32LE(namesLength, at + 6)
  bytes.writeUInt32LE(body.byteLength, at + 10)
  if (idLength === id.length) bytes.write(id, at + fixed, 'latin1')
  else bytes.write(id, at + fixed)
  if (namesLength > 0) bytes.write(names, at + fixed + idLength)
  bytes.set(body, at + fixed + idLength + namesLength)
}

/** A message out of a ready list, and how many leases of it were lost. */
export interface StoredMessage {
  readonly message: InboundMessage
  readonly lost: number
  /** Where the next one starts. */
  readonly end: number
}

/** Reads one of several that lie one behind the other. */
export function unpackMessage(stored: Buffer, start: number): StoredMessage {
  const idEnd = start + fixed + stored.readUInt16LE(start + 4)
  const namesEnd = idEnd + stored.readUInt32LE(start + 6)
  const end = namesEnd + stored.readUInt32LE(start + 10)
  return {
    end,
    lost: stored.readUInt16LE(start),
    message: {
      id: stored.toString('utf8', start + fixed, idEnd),
      headers:
        namesEnd === idEnd
          ? noHeaders
          : (JSON.parse(stored.toString('utf8', idEnd, namesEnd)) as Record<string, string>),
      priority: stored[start + 2] as Priority,
      body: stored.subarray(namesEnd, end),
    },
  }
}

/** Whether a message that starts there is of this id. */
export function hasId(stored: Buffer, start: number, id: Buffer): boolean {
  if (stored.readUInt16LE(start + 4) !== id.length) return false
  return stored.subarray(start + fixed, start + fixed + id.length).equals(id)
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
