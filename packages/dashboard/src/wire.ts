/*
 * What the API says, as JSON. Imports nothing, so that the page's code can share it. Times are milliseconds since 1970,
 * lengths of time milliseconds.
 */

export type TaskState = 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED'
export type Role = 'view' | 'operate' | 'admin'

/** Why something could not be shown or done. */
export interface Problem {
  readonly code: string
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
}

export interface Session {
  readonly user: string
  readonly role: Role
  readonly environment?: { readonly label: string; readonly tone: 'neutral' | 'warning' | 'danger' }
  readonly version: string
  readonly broker: string
  readonly backend: string | null
  readonly features: { readonly counts: boolean; readonly history: boolean }
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

export interface TaskRow {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: TaskState
  readonly attempt: number
  readonly generation: number
  readonly updatedAt: number
  readonly sentAt?: number
  readonly dueAt?: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly runtimeMs?: number
  readonly worker?: string
  readonly args?: unknown
  readonly error?: { readonly name: string; readonly message: string }
  readonly reason?: string
  readonly progress?: { readonly fraction: number; readonly message?: string }
  readonly parent?: string
  readonly workflow?: string
  readonly tags: readonly string[]
  readonly canRetry: boolean
}

export interface LogLine {
  readonly at: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields?: unknown
}

export interface FailedAttempt {
  readonly attempt: number
  readonly startedAt?: number
  readonly endedAt: number
  readonly worker: string
  readonly error: ErrorInfo
  readonly logs: readonly LogLine[]
}

export interface StateChange {
  readonly state: TaskState
  readonly at: number
  readonly attempt: number
  readonly worker?: string
}

/** Why a task does not run, or anything else worth knowing of one that has not ended. */
export interface Reason {
  /** `blocks`: nothing moves until somebody acts. `waits`: it goes on by itself. `fine`: nothing is in its way. */
  readonly kind: 'blocks' | 'waits' | 'fine'
  readonly text: string
  readonly fix?: string
}

export interface TaskDetail extends Omit<TaskRow, 'error'> {
  readonly result?: unknown
  readonly hasResult: boolean
  readonly error?: ErrorInfo
  readonly attempts: readonly FailedAttempt[]
  readonly timeline: readonly StateChange[]
  readonly logs: readonly LogLine[]
  readonly logsDropped: number
  readonly reasons: readonly Reason[]
}

/** How a task can be sent by hand. */
export interface TaskForm {
  readonly name: string
  /** Null: the default one, or nobody knows. */
  readonly queue: string | null
  /** Whether the input is checked before it is sent. */
  readonly checked: boolean
  /** JSON Schema of its input, where that is known. */
  readonly schema: Readonly<Record<string, unknown>> | null
}

export interface Census {
  readonly states: Readonly<Record<TaskState, number>>
  readonly complete: boolean
}

export interface TaskStats {
  readonly name: string
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly revoked: number
  /** Runs that ended, per minute. */
  readonly perMinute: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  /** Runs per step, for a small chart. */
  readonly runs: readonly number[]
  readonly failures: readonly number[]
  readonly p50: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
}

/** How the tasks did in a stretch of time. */
export interface Activity {
  readonly last: string
  readonly stepMs: number
  readonly starts: readonly number[]
  readonly tasks: readonly TaskStats[]
}

export interface QueueRow {
  readonly name: string
  /** A part is null where the broker does not say. */
  readonly counts: {
    readonly ready: number
    readonly leased: number | null
    readonly delayed: number | null
  } | null
  readonly dead: number | null
  readonly paused: { readonly since: number; readonly by: string; readonly reason?: string } | null
  readonly workers: readonly string[]
  /** When the longest waiting task that could run was sent; null where none waits or nobody knows. */
  readonly oldestAt: number | null
}

export interface WorkerRow {
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly state: 'running' | 'paused' | 'stopping'
  readonly queues: readonly string[]
  readonly paused: readonly string[]
  readonly tasks: readonly string[]
  readonly concurrency: number
  readonly running: number
  readonly reserved: number
  readonly active: readonly {
    readonly id: string
    readonly name: string
    readonly queue: string
    readonly attempt: number
    readonly startedAt: number
  }[]
  readonly startedAt: number
  readonly updatedAt: number
  readonly heartbeatMs: number
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly perSecond: number
  readonly lagMs: number
  readonly cpu: number
  readonly rss: number
  readonly versions: { readonly tq: string; readonly node: string; readonly platform: string }
}

/** Something an operator should look at. */
export interface Warning {
  readonly level: 'error' | 'warning'
  readonly text: string
  readonly fix?: string
  /** A page of the dashboard. */
  readonly link?: string
}

/** What every page shows around its own matter. */
export interface Overview {
  readonly at: number
  readonly queues: readonly QueueRow[]
  readonly workers: readonly WorkerRow[]
  readonly warnings: readonly Warning[]
  /** Names of tasks anybody knows of. */
  readonly names: readonly string[]
}

export interface DeadLetterRow {
  readonly id: string
  readonly task: string | null
  readonly queue: string
  readonly reason: string
  readonly error: string
  readonly diedAt: number
}

export interface ScheduleRow {
  readonly name: string
  readonly source: string
  readonly state: string
  readonly when: string
  readonly timeZone: string
  readonly missed: string
  readonly overlap: string
  readonly sends: string
  readonly next: readonly number[]
  readonly last: {
    readonly tick: number
    readonly id: string
    readonly sentAt: number
    readonly state?: TaskState
    readonly endedAt?: number
    readonly error?: string
  } | null
  readonly waiting: number
  readonly dropped: number
}

export interface WorkflowRow {
  readonly id: string
  /** What it is made of, in a few words; empty where that was not kept. */
  readonly shape: string
  readonly state: TaskState
  readonly sentAt?: number
  readonly endedAt?: number
  readonly error?: { readonly name: string; readonly message: string }
  readonly done: number
  readonly total: number
}

/** A node of a workflow: a task, or tasks one after the other, or side by side. */
export type GraphNode =
  | {
      readonly kind: 'task'
      readonly id: string
      readonly name: string
      /** Null: not sent yet. */
      readonly state: TaskState | null
      readonly runtimeMs?: number
      readonly startedAt?: number
      readonly error?: string
      readonly canRetry: boolean
    }
  | { readonly kind: 'chain'; readonly id: string; readonly steps: readonly GraphNode[] }
  | {
      readonly kind: 'group'
      readonly id: string
      readonly children: readonly GraphNode[]
      readonly done: number
      readonly total: number
    }

export interface WorkflowDetail extends WorkflowRow {
  readonly graph: GraphNode | null
  /** Tasks that were started because something failed. */
  readonly callbacks: readonly GraphNode[]
  /** False: there are more tasks than are shown. */
  readonly complete: boolean
  readonly result?: unknown
}

export interface AuditRow {
  readonly at: number
  readonly by: string
  readonly action: string
  readonly target: string
  readonly outcome?: string
}

/** An action on all tasks that match a filter. */
export interface BulkJob {
  readonly id: string
  readonly action: 'retry' | 'revoke'
  readonly what: string
  readonly by: string
  readonly state: 'running' | 'complete' | 'stopped' | 'failed'
  readonly done: number
  readonly refused: number
  /** About how many there were at the start; null where nobody could say. */
  readonly total: number | null
  readonly problem?: Problem
  readonly startedAt: number
  readonly endedAt?: number
}

/** What an action on workers brought. */
export interface WorkerAnswers {
  readonly answers: readonly { readonly worker: string; readonly error?: string }[]
}

/** A change of something that is looked at. */
export interface LiveMessage {
  /** What was asked for. */
  readonly get: string
  readonly data?: unknown
  readonly problem?: Problem
}
