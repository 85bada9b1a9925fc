import type { TaskRecord } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Sending } from '../middleware/telemetry.ts'
import { parseDuration, parseOptionalDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { checkGroup, checkQueueName, checkTaskId, checkUniqueKey } from '../options/names.ts'
import { nextHop } from '../policy/delay-hop.ts'
import { currentRun } from '../task/current-run.ts'
import type { NewEnvelope } from '../task/envelope.ts'
import type { SendOptions, TaskDefinition } from '../task/task.ts'
import { checkPriority } from '../task/task-policy.ts'
import { newId } from '../util/ids.ts'
import { lateCopiesMs } from './late-copies.ts'
import { type Packed, packEnvelope } from './packing.ts'
import type { RecordDetail } from './record-detail.ts'
import { type Connection, longestDelayMs, type Runtime } from './runtime.ts'
import { routeOf } from './settings.ts'

export const sendOptionNames: ReadonlySet<string> = new Set<string>([
  'countdown',
  'eta',
  'queue',
  'priority',
  'expires',
  'taskId',
  'uniqueKey',
  'throttle',
  'debounce',
  'maxRetries',
  'ignoreResult',
  'headers',
  'tags',
  'group',
] satisfies (keyof SendOptions)[])

/** Where and when a task goes: the same for all tasks of one call. */
export interface Plan {
  readonly queue: string
  readonly delayMs: Millis
  readonly envelope: Omit<NewEnvelope, 'id' | 'input' | 'sentAt'>
  readonly taskId: string | undefined
  readonly uniqueKey: string | undefined
  readonly throttle: { readonly key: string; readonly everyMs: Millis } | undefined
  readonly debounceKey: string | undefined
  readonly pendingTtlMs: Millis
  /** Has to be told how it ended. */
  readonly sending?: Sending | undefined
}

/** Call over task over route over app, all checked. @throws TqError */
export function planSending(runtime: Runtime, task: TaskDefinition, options: SendOptions, count = 1): Plan {
  const what = `task '${task.name}'`
  checkKnown(options, sendOptionNames, `${what}: applyAsync`)
  const route = routeOf(runtime.settings, task.name)
  const queue =
    options.queue === undefined
      ? (task.policy.queue ?? route.queue ?? runtime.settings.queue)
      : checkQueueName(options.queue)
  const priority =
    options.priority === undefined
      ? (task.policy.priority ?? route.priority)
      : checkPriority(options.priority, what)
  checkOneOf(options, what)
  const { throttle, debounce } = options
  const delayMs = debounce
    ? parseDuration(debounce.wait, `${what}: debounce.wait`)
    : delayOf(options, runtime.clock.now(), what)
  const expiresMs = parseOptionalDuration(options.expires, `${what}: expires`)
  const parent = currentRun.getStore()
  const own = checkHeaders({ ...inheritedTrace(parent?.headers), ...options.headers }, what)
  const sending = runtime.settings.telemetry?.sending({ name: task.name, queue, count })
  // What the caller says himself is stronger.
  const headers = sending ? { ...own, ...sending.headers, ...options.headers } : own
  const ignoreResult = options.ignoreResult ?? task.policy.ignoreResult
  return {
    queue,
    delayMs,
    sending,
    taskId: options.taskId === undefined ? undefined : checkTaskId(options.taskId),
    uniqueKey: options.uniqueKey === undefined ? undefined : checkUniqueKey(options.uniqueKey),
    throttle: throttle && {
      key: checkUniqueKey(throttle.key),
      everyMs: parseDuration(throttle.every, `${what}: throttle.every`),
    },
    debounceKey: debounce && checkUniqueKey(debounce.key),
    pendingTtlMs: delayMs + Math.max(task.policy.successTtlMs, lateCopiesMs),
    envelope: {
      v: 1,
      task: task.name,
      ...(priority === undefined ? {} : { priority }),
      ...(options.maxRetries === undefined ? {} : { maxRetries: checkRetries(options.maxRetries, what) }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      ...(headers ? { headers } : {}),
      ...(parent ? { parent: parent.id } : {}),
      ...tagsOf(options.tags, what),
      ...(options.group === undefined ? {} : { group: checkGroup(options.group) }),
      ...(options.uniqueKey === undefined ? {} : { unique: options.uniqueKey }),
      ...(ignoreResult ? { ignoreResult: 1 } : {}),
      ...(options.taskId === undefined ? {} : { ownId: 1 }),
    },
  }
}

/**
 * One task's message, its first record where there is a backend to keep it, and what has to be kept before it is sent.
 *
 * @throws TqError `PAYLOAD_TOO_LARGE`
 */
export function pack(runtime: Runtime, connection: Connection, plan: Plan, input: unknown): Packed {
  const hop = nextHop(plan.delayMs, longestDelayMs(connection))
  const id = plan.taskId ?? newId(runtime.clock)
  const envelope: { -readonly [Name in keyof NewEnvelope]: NewEnvelope[Name] } = {
    ...plan.envelope,
    id,
    sentAt: connection.time.now(),
  }
  if (input !== undefined) envelope.input = input
  if (hop.leftMs > 0) envelope.delayLeftMs = hop.leftMs
  const { message, asides } = packEnvelope(runtime, connection, envelope, hop.delayMs, plan.pendingTtlMs)
  if (!connection.backend) return { message, asides }
  return { message: { ...message, record: pendingRecord(plan, id, envelope.sentAt) }, asides }
}

function pendingRecord(plan: Plan, id: string, sentAt: number): TaskRecord {
  return {
    id,
    name: plan.envelope.task,
    queue: plan.queue,
    state: 'PENDING',
    generation: 0,
    attempt: 0,
    epoch: 0,
    // When it was written is when it was sent: mostly there is nothing else to tell.
    updatedAt: sentAt,
    detail: pendingDetail(plan, sentAt),
    ttlMs: plan.pendingTtlMs,
    markMs: plan.pendingTtlMs,
  }
}

/** All pending records of most apps say the same, which stores make use of: no input here. */
function pendingDetail({ delayMs, envelope: { parent, tags, flow } }: Plan, sentAt: number): string {
  const root = flow?.root
  if (delayMs === 0 && parent === undefined && tags === undefined && root === undefined) return '{}'
  const detail: RecordDetail = {
    sentAt,
    ...(delayMs > 0 ? { dueAt: sentAt + delayMs } : {}),
    ...(parent === undefined ? {} : { parent }),
    ...(root === undefined ? {} : { root }),
    ...(tags === undefined ? {} : { tags }),
  }
  return JSON.stringify(detail)
}

function tagsOf(tags: SendOptions['tags'], what: string): { readonly tags?: readonly string[] } {
  if (tags === undefined || tags.length === 0) return {}
  const isTag = (tag: unknown) => typeof tag === 'string' && tag.length >= 1 && tag.length <= 64
  if (Array.isArray(tags) && tags.length <= 10 && tags.every(isTag)) return { tags }
  throw new TqError('INVALID_OPTION', `${what}: tags must be at most 10 texts of 1 to 64 characters.`)
}

/** Each of them decides by itself whether and when a task is sent. */
function checkOneOf(options: SendOptions, what: string): void {
  const given = (['uniqueKey', 'throttle', 'debounce'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw new TqError('INVALID_OPTION', `${what}: give only one of ${given.join(', ')}.`)
  if (options.debounce && (options.countdown !== undefined || options.eta !== undefined))
    throw new TqError('INVALID_OPTION', `${what}: debounce says when it runs; give no countdown or eta.`)
}

/** @throws TqError `INVALID_OPTION`, `INVALID_DURATION` */
export function delayOf(options: Pick<SendOptions, 'countdown' | 'eta'>, now: number, what: string): Millis {
  if (options.eta === undefined) return parseOptionalDuration(options.countdown, `${what}: countdown`) ?? 0
  if (options.countdown !== undefined) {
    throw new TqError('INVALID_OPTION', `${what}: give either countdown or eta, not both.`)
  }
  const due = options.eta instanceof Date ? options.eta.getTime() : Number.NaN
  if (Number.isNaN(due)) throw new TqError('INVALID_OPTION', `${what}: eta is not a valid Date.`)
  return parseDuration(Math.max(0, due - now), `${what}: eta`)
}

function checkRetries(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new TqError(
    'INVALID_OPTION',
    `${what}: maxRetries ${String(value)} is not a whole number of at least 0.`,
  )
}

/** A task sent from within a task belongs to the same trace. */
function inheritedTrace(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const { traceparent, tracestate } = headers ?? {}
  return {
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }
}

function checkHeaders(headers: Record<string, string>, what: string): Record<string, string> | undefined {
  const entries = Object.entries(headers)
  if (entries.length === 0) return undefined
  let size = 0
  for (const [name, value] of entries) {
    if (typeof value !== 'string')
      throw new TqError('INVALID_OPTION', `${what}: header '${name}' is not a text.`)
    size += name.length + value.length
  }
  if (size > 16_384)
    throw new TqError('INVALID_OPTION', `${what}: the headers are longer than 16,384 characters.`)
  return headers
}
