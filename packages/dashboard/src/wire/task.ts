export type TaskState = 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED'

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
