import type { TaskRecord, TaskState } from '../contracts/record.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { LogLine } from '../runtime/log-lines.ts'
import { type RecordDetail, readDetail } from '../runtime/record-detail.ts'
import { type IsSecret, redact } from '../runtime/redact.ts'
import type { FlowOutline } from '../task/flow.ts'
import { type TaskSummary, toSummary } from './task-summary.ts'

/** One run of a task that did not succeed. */
export interface FailedAttempt {
  readonly attempt: number
  readonly startedAt?: Date
  readonly endedAt: Date
  readonly worker: string
  readonly error: TaskErrorInfo
  /** The last lines of its log. */
  readonly logs: readonly TaskLogLine[]
}

export interface TaskLogLine {
  readonly at: Date
  readonly level: LogLine['level']
  readonly text: string
  readonly fields?: unknown
}

/** A state the task was in, from when. */
export interface StateChange {
  readonly state: TaskState
  readonly at: Date
  readonly attempt: number
  readonly worker?: string
}

/** All that is kept of a task. */
export interface TaskDetails extends Omit<TaskSummary, 'error'> {
  /** In SUCCESS, as long as it is kept; secrets left out. */
  readonly result?: unknown
  /** Of a result that is too large for its record, and kept elsewhere: its length. `app.result(id).get()` reads it. */
  readonly resultBytes?: number
  readonly error?: TaskErrorInfo
  /** The last failed runs, the first of them first. */
  readonly attempts: readonly FailedAttempt[]
  /** The states it was in, as far as they are known, the first first. */
  readonly timeline: readonly StateChange[]
  /** What the last run wrote to `ctx.log`. */
  readonly logs: readonly TaskLogLine[]
  /** Lines before those that were not kept. */
  readonly logsDropped: number
  /** Of a workflow: what it is made of. Its tasks' ids begin with its own, and a dot. */
  readonly outline?: FlowOutline
}

export function readDetails(record: TaskRecord, isSecret: IsSecret, now: number): TaskDetails {
  const detail = readDetail(record)
  const { error: _, ...summary } = toSummary(record, detail, isSecret)
  const kept = detail.until === undefined || detail.until > now
  const attempts = (detail.attempts ?? []).map(({ attempt, startedAt, endedAt, worker, error, logs }) => ({
    attempt,
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
    endedAt: new Date(endedAt),
    worker,
    error,
    logs: toLines((logs ?? []) as readonly LogLine[], isSecret),
  }))
  return {
    ...summary,
    ...('result' in detail && kept ? { result: redact(detail.result, isSecret) } : {}),
    ...(detail.resultAt && kept ? { resultBytes: detail.resultAt.bytes } : {}),
    ...(detail.error ? { error: detail.error } : {}),
    ...(detail.outline ? { outline: detail.outline } : {}),
    attempts,
    timeline: timelineOf(record, detail, attempts),
    logs: toLines(detail.logs ?? [], isSecret),
    logsDropped: detail.logsDropped ?? 0,
  }
}

function toLines(lines: readonly LogLine[], isSecret: IsSecret): readonly TaskLogLine[] {
  return lines.map(({ at, level, text, fields }) => ({
    at: new Date(at),
    level,
    text,
    ...(fields === undefined ? {} : { fields: redact(fields, isSecret) }),
  }))
}

/** Put together from the times in the record: nothing is written while states change. */
function timelineOf(
  record: TaskRecord,
  detail: RecordDetail,
  attempts: readonly FailedAttempt[],
): readonly StateChange[] {
  const { state, updatedAt, attempt } = record
  const { startedAt, worker, endedAt } = detail
  const sentAt = detail.sentAt ?? (state === 'PENDING' ? updatedAt : undefined)
  const changes: StateChange[] = []
  const add = (state: TaskState, at: Date, attempt: number, worker?: string) =>
    changes.push({ state, at, attempt, ...(worker === undefined ? {} : { worker }) })
  if (sentAt !== undefined) add('PENDING', new Date(sentAt), 0)
  for (const one of attempts) {
    if (one.startedAt) add('STARTED', one.startedAt, one.attempt, one.worker)
    // The last one of a task that has failed is its end.
    if (state !== 'FAILURE' || one !== attempts.at(-1)) add('RETRY', one.endedAt, one.attempt, one.worker)
  }
  const told = startedAt !== undefined && attempts.some((one) => one.startedAt?.getTime() === startedAt)
  if (startedAt !== undefined && !told) add('STARTED', new Date(startedAt), attempt, worker)
  if (state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED')
    add(state, new Date(endedAt ?? updatedAt), attempt, worker)
  return changes
}
