import type { TaskErrorInfo } from '../../errors/task-errors.ts'
import type { Envelope } from '../../task/envelope.ts'

/** What the worker tells a child process. */
export type ToChild =
  | { readonly type: 'run'; readonly envelope: Envelope; readonly queue: string; readonly input: unknown }
  | { readonly type: 'stop'; readonly error: TaskErrorInfo }

/** What a child process tells the worker. Values cross as JSON, like any result. */
export type FromChild =
  | { readonly type: 'ready' }
  /** The task module could not be loaded: no task can run here. */
  | { readonly type: 'broken'; readonly error: TaskErrorInfo }
  | { readonly type: 'progress'; readonly fraction: number; readonly message?: string }
  | { readonly type: 'carry'; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly type: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
      readonly fields: Record<string, unknown>
    }
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'failed'; readonly error: TaskErrorInfo; readonly control?: Control }

/** What a handler threw on purpose, which the worker has to understand as such. */
export type Control =
  | { readonly kind: 'reject' }
  | { readonly kind: 'final'; readonly code: 'VALIDATION_FAILED' | 'INVALID_PAYLOAD' }
  | { readonly kind: 'retry'; readonly delayMs: number | undefined; readonly countAttempt: boolean }
