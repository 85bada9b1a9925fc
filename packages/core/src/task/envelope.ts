import type { OutboundMessage, Priority } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Codecs } from './codec.ts'
import type { FlowLink } from './flow.ts'
import { isPayloadRef, type PayloadRef } from './payload-ref.ts'

/** One failed run, as it is kept. */
export interface FailedRun {
  readonly attempt: number
  /** In milliseconds since 1970, by the worker's clock. */
  readonly startedAt?: number
  /** In milliseconds since 1970, by the worker's clock. */
  readonly endedAt: number
  readonly worker: string
  readonly error: TaskErrorInfo
  /** The last lines of its log. */
  readonly logs?: readonly unknown[]
}

/**
 * What travels: one task, ready to run. The wire form is this object as JSON (see docs/envelope.md); readers must
 * ignore fields they do not know, and refuse a version they do not know.
 */
export interface Envelope {
  readonly v: 1
  readonly id: string
  readonly task: string
  /** The input as the sender gave it, before parsing. Absent for tasks without input. */
  readonly input?: unknown
  /** In place of `input`: where it is kept, as it is too large to travel. */
  readonly payload?: PayloadRef
  /** Failed runs so far that counted. */
  readonly attempt: number
  /** How many times a person ran the finished task again. */
  readonly generation: number
  /** When it was sent, in milliseconds since 1970 by the service's clock, or the sender's where it has none. */
  readonly sentAt: number
  readonly priority?: Priority
  readonly maxRetries?: number
  /** Not to be started later than this long after `sentAt`. */
  readonly expiresMs?: Millis
  /** What remains of a delay that is longer than the broker can hold, after this message's own. */
  readonly delayLeftMs?: Millis
  /** Deaths of the task's own process so far. */
  readonly crashes?: number
  /** Times it was given back because no worker knew the task. */
  readonly misses?: number
  /** The sender's; W3C trace context travels here as `traceparent` and `tracestate`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The highest fencing number used before this copy was made: the next run of the same attempt goes on from it. */
  readonly epoch?: number
  /** The last failed runs, oldest first, their stacks cut short. */
  readonly failures?: readonly FailedRun[]
  /** The task that sent this one. */
  readonly parent?: string
  /** Words of the sender's to find it by. */
  readonly tags?: readonly string[]
  /** Whose share of the queue it takes, or in whose order it runs, where the broker can. */
  readonly group?: string
  /** The unique key whose lock this task holds. */
  readonly unique?: string
  /** 1 when the sender asked for no result. */
  readonly ignoreResult?: 1
  /** Whether the sender chose the id itself, so that copies may come late. */
  readonly ownId?: 1
  /** 1 when its turn under a rate limit has come: it was delayed until then. */
  readonly paced?: 1
  /** 1 when the input is a list and the handler runs for each element. */
  readonly many?: 1
  /** What follows when it has ended, where it is part of a workflow. */
  readonly flow?: FlowLink
}

/** An envelope to be sent: counts that are 0 may be left out, and are by those who send many. */
export type NewEnvelope = Omit<Envelope, 'attempt' | 'generation'> &
  Partial<Pick<Envelope, 'attempt' | 'generation'>>

/** The message of an envelope. */
export function toMessage(envelope: NewEnvelope, codec: Codecs, delayMs: Millis): OutboundMessage {
  return {
    id: envelope.id,
    body: codec.encode(envelope),
    headers: codec.headers,
    ...(delayMs > 0 ? { delayMs } : {}),
    ...(envelope.priority === undefined ? {} : { priority: envelope.priority }),
    ...(envelope.group === undefined ? {} : { group: envelope.group }),
  }
}

/** @throws TqError `UNREADABLE_MESSAGE` for anything that is not a version 1 envelope. */
export function fromBody(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  codec: Codecs,
): Envelope {
  const value = codec.decode(body, headers)
  if (typeof value === 'object' && value !== null) {
    const counts = value as { attempt?: unknown; generation?: unknown }
    counts.attempt ??= 0
    counts.generation ??= 0
  }
  const problem = problemOf(value)
  if (problem) throw new TqError('UNREADABLE_MESSAGE', `The message is not a tq envelope: ${problem}.`)
  return value as Envelope
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isTime: Check = (value) => typeof value === 'number' && value >= 0
const isTexts: Check = (value) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((text) => typeof text === 'string')

/** Every field a worker reads: a foreign producer's mistake must not get further than this. */
const required: Readonly<Record<string, Check>> = {
  id: isText,
  task: isText,
  attempt: isCount,
  generation: isCount,
  sentAt: isTime,
}
const optional: Readonly<Record<string, Check | undefined>> = {
  // Nothing is inherited: a field may be called `constructor`.
  __proto__: null as never,
  priority: (value) => isCount(value) && (value as number) <= 9,
  maxRetries: isCount,
  expiresMs: isTime,
  delayLeftMs: isTime,
  crashes: isCount,
  misses: isCount,
  epoch: isCount,
  headers: isTexts,
  failures: (value) => Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null),
  parent: isText,
  tags: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  unique: isText,
  group: isText,
  payload: isPayloadRef,
  flow: (value) => {
    const { frames, framesAt } = (value ?? {}) as Partial<FlowLink>
    return Array.isArray(frames) && (framesAt === undefined || isPayloadRef(framesAt))
  },
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not an object'
  const fields = value as Readonly<Record<string, unknown>>
  if (fields['v'] !== 1) return `version ${String(fields['v'])} is not known to this worker`
  for (const name in required) if (!required[name]?.(fields[name])) return `'${name}' is missing or wrong`
  // By what is there, not by what could be: nearly always there is nothing.
  for (const name in fields) {
    if (fields[name] !== undefined && optional[name]?.(fields[name]) === false) return `'${name}' is wrong`
  }
  return undefined
}
