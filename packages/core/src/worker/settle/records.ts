import type { TaskRecord, TaskState } from '../../contracts/record.ts'
import type { Millis } from '../../contracts/time.ts'
import type { TaskErrorInfo } from '../../errors/task-errors.ts'
import { lateCopiesMs } from '../../runtime/late-copies.ts'
import type { RecordDetail } from '../../runtime/record-detail.ts'
import { toldOf, withTold } from '../../runtime/told-detail.ts'
import { keepsResult } from '../attempt.ts'
import type { Job } from '../job.ts'
import type { Outcome } from '../outcome.ts'
import type { SettleContext } from './context.ts'
import { failuresWith } from './failures.ts'

export function doneRecord(
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

export function retryRecord(
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
  const ttlMs = outcome.delayMs + lateCopiesMs
  // At this attempt, not the next: where settling goes in steps, the copy may never be sent, and then the message comes
  // again and has to run again. The copy raises it when it is claimed.
  return record(job, 'RETRY', JSON.stringify(detail), ttlMs, context)
}

export function deadRecord(
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

export function endRecord(
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
  const told = toldOf(job.envelope, job.input, history)
  const detail = withTold(json, told + (job.context?.lines?.told ?? '') + until)
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
    markMs: remember ? Math.max(ttlMs, lateCopiesMs) : ttlMs,
  }
}
