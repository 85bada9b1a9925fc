import type { TaskContext } from '../task/context.ts'
import type { SendOptions } from '../task/task.ts'
import type { Middleware } from './compose.ts'

/** A task about to be sent. `input` and `options` may be replaced. */
export interface SendContext {
  readonly task: string
  input: unknown
  options: SendOptions
}

/** A task about to run, its input already parsed. */
export interface RunContext {
  readonly task: string
  readonly input: unknown
  readonly context: TaskContext<unknown>
  /** Headers that the next attempt gets besides those of the sender, should there be one. */
  readonly carry: (headers: Readonly<Record<string, string>>) => void
}

/** Around every sending. @example async (context, next) => { log(context.task); return next() } */
export type SendMiddleware = Middleware<SendContext, string>

/** Around every run in a worker. What it returns is the task's result. */
export type RunMiddleware = Middleware<RunContext, unknown>
