import { isTerminal, type TaskRecord, type TaskState } from '@tq/core/driver'
import type { Arguments } from './arguments.ts'
import { maxValueBytes } from './capabilities.ts'
import { LimitError } from './errors.ts'

/*
 * A record in its bucket, little-endian. Scripts read the head and the stamp; the rest is ours.
 *   state (1 byte) · generation (4) · attempt (4) · epoch (6) · ttl (6) · mark (6)
 *   · length of the run that claimed it (1) · that run
 *   · written at (8, a double) · length of the name (2) · name · length of the queue (2) · queue · detail
 *   · stamp: when the server stored it (6)
 * One that says no more than that a task was sent, as nearly all do while they wait, is shorter:
 *   'p' · written at (8) · ttl (6) · length of the name (1) · name · queue · stamp (6)
 */
const headLength = 27
const stampLength = 6
const briefMark = 0x70
const briefHead = 16

/** By their number; from the fourth on nothing can follow. */
export const states: readonly TaskState[] = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
const longestMs = 2 ** 47

/** Writes records without their stamp. What many of a batch have in common is packed once. */
export class RecordWriter {
  #last: TaskRecord | undefined
  #common: Buffer = Buffer.alloc(0)

  /** One argument. @throws LimitError */
  write(values: Arguments, record: TaskRecord): void {
    const { detail } = record
    checkDetail(record)
    if (!this.#last || !sameButDetail(this.#last, record)) this.#common = packCommon(record)
    this.#last = record
    const common = this.#common
    if (common[0] === briefMark) {
      values.buffer(common)
      return
    }
    const length = Buffer.byteLength(detail)
    const at = values.space(common.length + length)
    values.bytes.set(common, at)
    if (length === detail.length) values.bytes.write(detail, at + common.length, 'latin1')
    else values.bytes.write(detail, at + common.length)
  }
}

/** Whether two records of different tasks are stored as the same bytes. */
export function isSame(one: TaskRecord, other: TaskRecord): boolean {
  return one.detail === other.detail && sameButDetail(one, other)
}

function sameButDetail(one: TaskRecord, other: TaskRecord): boolean {
  return (
    one.updatedAt === other.updatedAt &&
    one.state === other.state &&
    one.name === other.name &&
    one.queue === other.queue &&
    one.generation === other.generation &&
    one.attempt === other.attempt &&
    one.epoch === other.epoch &&
    one.ttlMs === other.ttlMs &&
    one.markMs === other.markMs &&
    (one.state !== 'PENDING' || one.detail === other.detail)
  )
}

/** @throws LimitError */
export function checkDetail({ id, detail }: TaskRecord): void {
  if (!isLonger(detail, maxValueBytes)) return
  throw new LimitError(`the record of '${id}' is longer than ${maxValueBytes} bytes`)
}

/** All but the detail; all of it where that is empty. */
function packCommon(record: TaskRecord): Buffer {
  const { name, queue, state, generation, attempt, epoch, updatedAt, ttlMs, markMs } = record
  const nameLength = Buffer.byteLength(name)
  const queueLength = Buffer.byteLength(queue)
  if (isBrief(record, nameLength)) {
    const packed = Buffer.allocUnsafe(briefHead + nameLength + queueLength)
    packed[0] = briefMark
    packed.writeDoubleLE(updatedAt, 1)
    packed.writeUIntLE(wholeMs(ttlMs), 9, 6)
    packed[briefHead - 1] = nameLength
    packed.write(name, briefHead)
    packed.write(queue, briefHead + nameLength)
    return packed
  }
  const packed = Buffer.allocUnsafe(headLength + 13 + nameLength + queueLength)
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
  packed.write(queue, at + 2)
  return packed
}

function isBrief(record: TaskRecord, nameLength: number): boolean {
  const { state, detail, generation, attempt, epoch, ttlMs, markMs } = record
  const isFirst = generation === 0 && attempt === 0 && epoch === 0
  return state === 'PENDING' && isFirst && detail === '{}' && markMs === ttlMs && nameLength < 256
}

export function unpackRecord(id: string, packed: Buffer): TaskRecord {
  const end = packed.length - stampLength
  if (packed[0] === briefMark) {
    const nameEnd = briefHead + packed.readUInt8(briefHead - 1)
    const ttlMs = packed.readUIntLE(9, 6)
    return {
      id,
      name: packed.toString('utf8', briefHead, nameEnd),
      queue: packed.toString('utf8', nameEnd, end),
      state: 'PENDING',
      generation: 0,
      attempt: 0,
      epoch: 0,
      updatedAt: packed.readDoubleLE(1),
      detail: '{}',
      ttlMs,
      markMs: ttlMs,
    }
  }
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
    detail: packed.toString('utf8', queueEnd, end),
    ttlMs: packed.readUIntLE(15, 6),
    markMs: packed.readUIntLE(21, 6),
  }
}

/** Whether it goes to the bucket of those that ended. */
export function hasEnded({ state }: TaskRecord): boolean {
  return isTerminal(state)
}

/** How long it has to stay. */
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
