import type { TaskRecord } from '../contracts/record.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { FailedRun } from '../task/envelope.ts'
import type { FlowOutline, JoinedValues } from '../task/flow.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import type { TaskInfo } from '../task/task.ts'
import type { LogLine } from './log-lines.ts'
import type { ToldDetail } from './told-detail.ts'

/** What a record's `detail` holds, as JSON. Times are milliseconds since 1970 by the writer's clock. */
export interface RecordDetail extends ToldDetail {
  readonly sentAt?: number
  /** The broker has it. Said only of what was sent under an id of the sender's own, which may send it again. */
  readonly accepted?: 1
  /** Of a task with a delay: not to be started before. */
  readonly dueAt?: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly worker?: string
  /** The value; absent when the handler returned nothing or the result is ignored. */
  readonly result?: unknown
  /** In place of a result: where it is kept, as it is too large for a record. */
  readonly resultAt?: PayloadRef
  /** In place of a result: the values of a join. */
  readonly joined?: JoinedValues
  /** Of a workflow: its outermost group, whose children its progress counts. */
  readonly group?: JoinedValues
  /** Of a workflow: what it is made of. */
  readonly outline?: FlowOutline
  readonly error?: TaskErrorInfo
  /** The last failed runs, oldest first. */
  readonly attempts?: readonly FailedRun[]
  /** In RETRY: the attempt that follows. */
  readonly nextAttempt?: number
  readonly reason?: string
  readonly progress?: { readonly fraction: number; readonly message?: string }
  /** The process of the task is to be killed. */
  readonly terminate?: boolean
  /** Until then its result is kept; the record is kept longer, for the history. */
  readonly until?: number
  /** What the last run wrote to its log, and how many lines before that were dropped. */
  readonly logs?: readonly LogLine[]
  readonly logsDropped?: number
  /** On FAILURE: the envelope as it ran last, so that a person can run it again. */
  readonly envelope?: unknown
}

export function readDetail(record: TaskRecord): RecordDetail {
  return JSON.parse(record.detail) as RecordDetail
}

/** The record, unless its result has expired and it is kept for the history only. */
export function unexpired(record: TaskRecord | undefined, now: number): TaskRecord | undefined {
  if (!record?.detail.includes('"until":')) return record
  const { until } = readDetail(record)
  return until !== undefined && until <= now ? undefined : record
}

/** What users see of a record. */
export function toInfo<Result>(record: TaskRecord): TaskInfo<Result> {
  const { startedAt, endedAt, worker, error, reason, progress, nextAttempt, ...rest } = readDetail(record)
  const sentAt = rest.sentAt ?? (record.state === 'PENDING' ? record.updatedAt : undefined)
  return {
    id: record.id,
    name: record.name,
    queue: record.queue,
    state: record.state,
    attempt: nextAttempt ?? record.attempt,
    generation: record.generation,
    ...('result' in rest ? { result: rest.result as Result } : {}),
    ...(error ? { error } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(progress ? { progress } : {}),
    ...(worker === undefined ? {} : { worker }),
    ...(sentAt === undefined ? {} : { sentAt: new Date(sentAt) }),
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
  }
}
