import type { TaskRecord, TaskState } from '@tq/core/driver'
import { maxValueBytes } from './capabilities.ts'
import { LimitError } from './errors.ts'

/*
 * A record in its key, little-endian. Scripts read the head; the rest is ours.
 *   state (1 byte) · generation (4) · attempt (4) · epoch (6) · ttl (6) · mark (6)
 *   · length of the run that claimed it (1) · that run
 *   · written at (8, a double) · length of the name (2) · name · length of the queue (2) · queue · detail
 */
const headLength = 27

/** By their number; from the fourth on nothing can follow. */
const states: readonly TaskState[] = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
const longestMs = 2 ** 47

/** @throws LimitError */
export function packRecord(record: TaskRecord): Buffer {
  const { id, name, queue, state, generation, attempt, epoch, updatedAt, detail, ttlMs, markMs } = record
  if (isLonger(detail, maxValueBytes)) {
    throw new LimitError(`the record of '${id}' is longer than ${maxValueBytes} bytes`)
  }
  const nameLength = Buffer.byteLength(name)
  const queueLength = Buffer.byteLength(queue)
  const packed = Buffer.allocUnsafe(headLength + 13 + nameLength + queueLength + Buffer.byteLength(detail))
  packed[0] = states.indexOf(state)
  packed.writeUInt32LE(generation, 1)
  packed.writeUInt32LE(attempt, 5)
  packed.writeUIntLE(epoch, 9, 6)
  packed.writeUIntLE(wholeMs(ttlMs), 15, 6)
  packed.writeUIntLE(wholeMs(markMs), 21, 6)
  packed[headLength] = 0
  packed.writeDoubleLE(updatedAt, headLength + 1)
  let at = headLength + 9
  packed.writeUInt16LE(nameLength, at)
  at += 2 + packed.write(name, at + 2)
  packed.writeUInt16LE(queueLength, at)
  at += 2 + packed.write(queue, at + 2)
  packed.write(detail, at)
  return packed
}

export function unpackRecord(id: string, packed: Buffer): TaskRecord {
  let at = headLength + 1 + packed.readUInt8(headLength)
  const updatedAt = packed.readDoubleLE(at)
  at += 8
  const nameEnd = at + 2 + packed.readUInt16LE(at)
  const queueEnd = nameEnd + 2 + packed.readUInt16LE(nameEnd)
  return {
    id,
    name: packed.toString('utf8', at + 2, nameEnd),
    queue: packed.toString('utf8', nameEnd + 2, queueEnd),
    state: states[packed.readUInt8(0)] ?? 'PENDING',
    generation: packed.readUInt32LE(1),
    attempt: packed.readUInt32LE(5),
    epoch: packed.readUIntLE(9, 6),
    updatedAt,
    detail: packed.toString('utf8', queueEnd),
    ttlMs: packed.readUIntLE(15, 6),
    markMs: packed.readUIntLE(21, 6),
  }
}

/** How long the key has to stay. */
export function rememberedMs({ ttlMs, markMs }: TaskRecord): number {
  return Math.max(1, wholeMs(Math.max(ttlMs, markMs)))
}

/** Redis keeps whole milliseconds; never shorter than asked. */
export function wholeMs(ms: number): number {
  return Math.min(longestMs, Math.max(0, Math.ceil(ms)))
}

/** Whether a text has more bytes than allowed; counts them only where it may. */
export function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}
