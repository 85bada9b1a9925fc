import type { CommitItem, OutboundMessage, RoutedMessage } from '../contracts/broker.ts'
import type { TaskRecord, TaskState } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError, type TaskErrorInfo, TaskRevoked } from '../errors/task-errors.ts'
import { deadQueueOf } from '../options/names.ts'
import { nextHop } from '../policy/delay-hop.ts'
import type { EndedStep } from '../runtime/follow-ups.ts'
import type { ResolvedHistory } from '../runtime/history-settings.ts'
import type { RecordDetail } from '../runtime/record-detail.ts'
import { type Connection, longestDelayMs, type Runtime } from '../runtime/runtime.ts'
import { toldOf, withTold } from '../runtime/told-detail.ts'
import type { Places } from '../runtime/waiting-lines.ts'
import type { Codecs } from '../task/codec.ts'
import { type Envelope, type FailedRun, toMessage } from '../task/envelope.ts'
import type { FlowLink, FlowValue } from '../task/flow.ts'
import { keepsResult } from './attempt.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'

/** A delivery's end as a call to settle it, and what else has to happen before it is acknowledged. */
export interface SettleItem extends CommitItem {
  /** Part of a workflow: record, follow-ups and ack one after the other, since what follows may be more than one step. */
  readonly inSteps?: boolean
  readonly ended?: EndedStep
  /** It waits outside the queue until there is a place. */
  readonly waits?: { readonly places: Places; readonly queue: string; readonly message: OutboundMessage }
}

/** What settling needs to know of the worker. */
export interface SettleContext {
  readonly worker: string
  /** The same as JSON. */
  readonly workerJson: string
  readonly codec: Codecs
  readonly maxDelayMs: Millis
  readonly maxBodyBytes: number
  /** Whether records are kept at all. */
  readonly hasBackend: boolean
  readonly history: ResolvedHistory
  /** Whether late copies of a message are possible, so that ended tasks must be remembered. */
  readonly copiesPossible: boolean
  /** Set anew for each that is settled. */
  now: number
}

/** The context of everything that a worker settles. */
export function settleContext(runtime: Runtime, connection: Connection, worker: string): SettleContext {
  return {
    worker,
    workerJson: JSON.stringify(worker),
    codec: runtime.codec,
    maxDelayMs: longestDelayMs(connection),
    maxBodyBytes: connection.broker.capabilities.maxBodyBytes,
    hasBackend: connection.backend !== undefined,
    history: runtime.settings.history,
    copiesPossible: !connection.oneStore,
    now: 0,
  }
}

/** Two weeks: longer than any service keeps a message that nobody takes. */
const rememberMs: Millis = 14 * 86_400_000
/** Failed runs that travel with a task, what they tell cut short. */
const mostFailures = 5
const mostStack = 800
const mostLogLines = 10

/** The record, the follow-ups and the ack that an outcome means. */
export function settlementOf(
  job: Job,
  outcome: Outcome,
  startedAt: number,
  context: SettleContext,
): SettleItem {
  const item = commitOf(job, outcome, startedAt, context)
  if (outcome.type === 'wait') {
    const { queue, delivery } = job
    return { ...item, inSteps: true, waits: { places: outcome.places, queue, message: delivery.message } }
  }
  if (!job.envelope.flow) return item
  const end = endOf(job, outcome)
  return {
    ...item,
    inSteps: true,
    ...(end ? { ended: endedStep(job.envelope, job.envelope.flow, end) } : {}),
  }
}

/** @param end undefined: as the task's record says. */
export function endedStep({ id, generation }: Envelope, link: FlowLink, end?: FlowValue): EndedStep {
  return { id, generation, link, end }
}

/** How the task has ended, for what follows it; undefined while it has not. */
function endOf({ envelope: { id } }: Job, outcome: Outcome): FlowValue | undefined {
  if (outcome.type === 'done') return outcome.json === undefined ? {} : { value: JSON.parse(outcome.json) }
  if (outcome.type === 'dead') return { error: outcome.error, id }
  if (outcome.type === 'revoked') return { error: describeError(new TaskRevoked(id, outcome.reason)), id }
  return undefined
}

function commitOf(job: Job, outcome: Outcome, startedAt: number, context: SettleContext): CommitItem {
  const { lease } = job.delivery
  switch (outcome.type) {
    case 'done':
      return withRecord(lease, doneRecord(job, outcome, startedAt, context), [])
    case 'retry':
      return withRecord(lease, retryRecord(job, outcome, startedAt, context), [
        retryCopy(job, outcome, startedAt, context),
      ])
    case 'dead':
      return withRecord(lease, deadRecord(job, outcome.error, outcome.reason, startedAt, context), [
        deadLetter(job.queue, job.delivery.message, outcome.reason, outcome.error, context.now),
      ])
    case 'revoked':
      return withRecord(lease, endRecord(job, 'REVOKED', { reason: outcome.reason }, undefined, context), [])
    case 'forward':
      return { lease, publish: [forwardCopy(job, outcome, context)] }
    case 'wait':
    case 'drop':
    case 'release':
    case 'lost':
      return { lease }
  }
}

/** Any message, also one we cannot read, with the reason it is given up. Its bytes stay as they came. */
export function deadLetter(
  queue: string,
  message: Pick<OutboundMessage, 'id' | 'body' | 'headers'>,
  reason: string,
  error: TaskErrorInfo,
  now: number,
): RoutedMessage {
  return {
    queue: deadQueueOf(queue),
    message: {
      id: message.id,
      body: message.body,
      headers: {
        ...message.headers,
        'tq-dead-queue': queue,
        'tq-dead-reason': reason.slice(0, 200),
        'tq-dead-error': `${error.name}: ${error.message}`.slice(0, 500),
        'tq-dead-at': String(now),
      },
    },
  }
}

function withRecord(
  lease: CommitItem['lease'],
  record: TaskRecord | undefined,
  publish: readonly RoutedMessage[],
): CommitItem {
  if (!record) return publish.length > 0 ? { lease, publish } : { lease }
  return publish.length > 0 ? { lease, record, publish } : { lease, record }
}

function doneRecord(
  job: Job,
  { json, resultAt }: Outcome & { type: 'done' },
  startedAt: number,
  context: SettleContext,
): TaskRecord | undefined {
  const { task, envelope } = job
  const result =
    json === undefined || !keepsResult(job)
      ? ''
      : resultAt
        ? `,"resultAt":${JSON.stringify(resultAt)}`
        : `,"result":${json}`
  // Put together by hand: this is the one line every successful task pays for.
  const failures = envelope.failures ? `,"attempts":${JSON.stringify(envelope.failures)}` : ''
  const detail = `{"sentAt":${envelope.sentAt},"startedAt":${startedAt},"endedAt":${context.now},"worker":${context.workerJson}${failures}${result}}`
  return record(job, 'SUCCESS', detail, task.policy.successTtlMs, context)
}

function retryRecord(
  job: Job,
  outcome: Outcome & { type: 'retry' },
  startedAt: number,
  context: SettleContext,
): TaskRecord | undefined {
  const detail: RecordDetail = {
    sentAt: job.envelope.sentAt,
    startedAt,
    worker: context.worker,
    error: outcome.error,
    attempts: failuresWith(job, outcome.error, startedAt, context),
    nextAttempt: outcome.nextAttempt,
    dueAt: context.now + outcome.delayMs,
  }
  const ttlMs = outcome.delayMs + rememberMs
  // At this attempt, not the next: where settling goes in steps, the copy may never be sent, and then the message comes
  // again and has to run again. The copy raises it when it is claimed.
  return record(job, 'RETRY', JSON.stringify(detail), ttlMs, context)
}

function deadRecord(
  job: Job,
  error: TaskErrorInfo,
  reason: string,
  startedAt: number,
  context: SettleContext,
): TaskRecord | undefined {
  const detail = {
    startedAt,
    error,
    reason,
    attempts: failuresWith(job, error, startedAt, context),
    envelope: job.envelope,
  }
  return endRecord(job, 'FAILURE', detail, job.task.policy.failureTtlMs, context)
}

function endRecord(
  job: Job,
  state: TaskState,
  more: RecordDetail,
  ttlMs: Millis | undefined,
  context: SettleContext,
): TaskRecord | undefined {
  const detail: RecordDetail = {
    sentAt: job.envelope.sentAt,
    endedAt: context.now,
    worker: context.worker,
    ...(job.envelope.failures ? { attempts: job.envelope.failures } : {}),
    ...more,
  }
  const keepMs = ttlMs ?? job.task.policy.failureTtlMs
  return record(job, state, JSON.stringify(detail), keepMs, context)
}

function record(
  job: Job,
  state: TaskState,
  json: string,
  resultTtlMs: Millis,
  context: SettleContext,
): TaskRecord | undefined {
  if (!context.hasBackend) return undefined
  const { history, now } = context
  const ttlMs = Math.max(resultTtlMs, history.expiresMs)
  const until = ttlMs > resultTtlMs ? `,"until":${now + resultTtlMs}` : ''
  const detail = withTold(
    json,
    toldOf(job.envelope, job.input, history) + (job.context?.lines?.told ?? '') + until,
  )
  const remember = context.copiesPossible || job.envelope.ownId === 1
  return {
    id: job.envelope.id,
    name: job.envelope.task,
    queue: job.queue,
    state,
    generation: job.envelope.generation,
    attempt: job.envelope.attempt,
    epoch: job.epoch,
    updatedAt: context.now,
    detail,
    ttlMs,
    markMs: remember ? Math.max(ttlMs, rememberMs) : ttlMs,
  }
}

function retryCopy(
  job: Job,
  outcome: Outcome & { type: 'retry' },
  startedAt: number,
  context: SettleContext,
): RoutedMessage {
  // Each start counts against a rate limit: the next one takes its turn anew.
  const { delayLeftMs: _left, paced: _paced, ...envelope } = job.envelope
  return copy(job, outcome.delayMs, context, {
    ...envelope,
    attempt: outcome.nextAttempt,
    failures: failuresWith(job, outcome.error, startedAt, context).map(({ error, ...rest }) => ({
      ...rest,
      error: error.stack === undefined ? error : { ...error, stack: error.stack.slice(0, mostStack) },
    })),
    ...(outcome.crashes > 0 ? { crashes: outcome.crashes } : {}),
  })
}

function forwardCopy(
  job: Job,
  outcome: Outcome & { type: 'forward' },
  context: SettleContext,
): RoutedMessage {
  const { delayLeftMs: _, ...envelope } = job.envelope
  return copy(job, outcome.delayLeftMs ?? outcome.delayMs, context, {
    ...envelope,
    ...(outcome.misses === undefined ? {} : { misses: outcome.misses }),
    ...(outcome.paced ? { paced: 1 } : {}),
  })
}

function copy(job: Job, delayMs: Millis, context: SettleContext, envelope: Envelope): RoutedMessage {
  const hop = nextHop(delayMs, context.maxDelayMs)
  const next = { ...envelope, epoch: job.epoch, ...(hop.leftMs > 0 ? { delayLeftMs: hop.leftMs } : {}) }
  const message = toMessage(next, context.codec, hop.delayMs)
  if (message.body.byteLength <= context.maxBodyBytes) return { queue: job.queue, message }
  // Grown over the limit by what it tells of its past: the task matters more.
  const { failures: _, ...brief } = next
  return { queue: job.queue, message: toMessage(brief, context.codec, hop.delayMs) }
}

function failuresWith(
  job: Job,
  error: TaskErrorInfo,
  startedAt: number,
  context: SettleContext,
): readonly FailedRun[] {
  const logs = job.context?.lines?.last(mostLogLines)
  const failure: FailedRun = {
    attempt: job.envelope.attempt,
    startedAt,
    endedAt: context.now,
    worker: context.worker,
    error,
    ...(logs ? { logs } : {}),
  }
  return [...(job.envelope.failures ?? []), failure].slice(-mostFailures)
}
