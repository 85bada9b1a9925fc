import type { TaskRecord, TaskState } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import { type RecordDetail, readDetail } from '../runtime/record-detail.ts'
import { type IsSecret, redact } from '../runtime/redact.ts'

/** One task in a list. */
export interface TaskSummary {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: TaskState
  /** Failed runs that counted. */
  readonly attempt: number
  /** Rises when somebody runs a finished task again. */
  readonly generation: number
  /** When its state changed last. */
  readonly updatedAt: Date
  readonly sentAt?: Date
  /** Of a task with a delay: not to be started before. */
  readonly dueAt?: Date
  readonly startedAt?: Date
  readonly endedAt?: Date
  /** Of the last run. */
  readonly runtimeMs?: Millis
  readonly worker?: string
  /** A short form of the input, without secrets. Known once a worker has taken the task. */
  readonly args?: unknown
  readonly error?: Pick<TaskErrorInfo, 'name' | 'message'>
  /** Why it was revoked or given up. */
  readonly reason?: string
  readonly progress?: { readonly fraction: number; readonly message?: string }
  /** The task that sent it. */
  readonly parent?: string
  /** The workflow it is part of. */
  readonly workflow?: string
  readonly tags: readonly string[]
  /** Whether `control.retry()` can run it again. */
  readonly canRetry: boolean
}

export function readSummary(record: TaskRecord, isSecret: IsSecret): TaskSummary {
  return toSummary(record, readDetail(record), isSecret)
}

export function toSummary(record: TaskRecord, detail: RecordDetail, isSecret: IsSecret): TaskSummary {
  const { id, name, queue, state, generation, updatedAt } = record
  const { dueAt, startedAt, endedAt, worker, args, error, reason, progress, parent, root, tags } = detail
  const sentAt = detail.sentAt ?? (state === 'PENDING' ? updatedAt : undefined)
  const until = endedAt ?? (state === 'RETRY' ? updatedAt : undefined)
  return {
    id,
    name,
    queue,
    state,
    attempt: detail.nextAttempt ?? record.attempt,
    generation,
    updatedAt: new Date(updatedAt),
    ...dates({ sentAt, dueAt, startedAt, endedAt }),
    ...(startedAt === undefined || until === undefined ? {} : { runtimeMs: Math.max(0, until - startedAt) }),
    ...(worker === undefined ? {} : { worker }),
    // Once more: what an older version wrote, or a name that has been added to those of secrets.
    ...(args === undefined ? {} : { args: redact(args, isSecret) }),
    ...(error ? { error: { name: error.name, message: error.message } } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(progress ? { progress } : {}),
    ...(parent === undefined ? {} : { parent }),
    ...(root === undefined ? {} : { workflow: root }),
    tags: tags ?? [],
    canRetry: state === 'FAILURE' && detail.envelope !== undefined,
  }
}

type Dates = Partial<Record<'sentAt' | 'dueAt' | 'startedAt' | 'endedAt', Date>>

function dates(times: Readonly<Record<keyof Dates, number | undefined>>): Dates {
  const known = Object.entries(times).flatMap(([name, time]) =>
    time === undefined ? [] : [[name, new Date(time)] as const],
  )
  return Object.fromEntries(known)
}
