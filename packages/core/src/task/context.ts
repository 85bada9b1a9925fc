import type { Logger } from '../contracts/logger.ts'
import type { Duration } from '../options/duration.ts'

/** What a handler is told of its own run. `State` is what the app's `startup` returned. */
export interface TaskContext<State = unknown> {
  readonly id: string
  readonly name: string
  readonly queue: string
  /** 0 on the first run; one higher after each failed run that counted. */
  readonly attempt: number
  readonly maxRetries: number
  /** What `startup` of the app returned in this worker. */
  readonly state: State
  /** The headers the sender gave. */
  readonly headers: Readonly<Record<string, string>>
  /** The task that sent this one, if a task did. */
  readonly parentId: string | undefined
  /** The workflow it is part of, if it is. */
  readonly workflowId: string | undefined
  /**
   * Aborts when the task should stop: soft or hard time limit, revoke, lost lease, worker stopping. `signal.reason`
   * says which. Hand it to `fetch`, database drivers and child processes.
   */
  readonly signal: AbortSignal
  /** Writes to the app's logger, with the task's name, id and attempt. */
  readonly log: Logger
  /**
   * Tells how far the task is, for `result.info()`. Cheap to call often: written at most a few times a second.
   *
   * @param fraction 0 to 1.
   */
  progress(fraction: number, message?: string): void
  /**
   * Ends this run and asks for another one. Never returns.
   *
   * @example if (response.status === 429) ctx.retry({ delay: '30s' })
   */
  retry(options?: {
    /** Default: what the task's backoff says. */
    readonly delay?: Duration
    /** Whether it uses up one of `maxRetries`. Default true. */
    readonly countAttempt?: boolean
    /** Why: what the task's error is while it waits, and when it is given up. */
    readonly cause?: unknown
  }): never
  /**
   * A step that later runs of this task do not repeat: its value, which has to be plain data, is kept and given to them.
   * Needs a backend. A run that dies between doing the step and telling its end leaves it unsure: `run` does it again,
   * `fail` throws `ONCE_UNSURE`. Where the service you call takes an idempotency key, use that instead.
   *
   * @param name Of the step, once per task.
   * @throws TqError `BACKEND_REQUIRED`, `ONCE_UNSURE`
   * @example const { id } = await ctx.once('charge', () => payments.charge(amount))
   */
  once<Value>(
    name: string,
    step: () => Value | Promise<Value>,
    options?: {
      /** What to do when it may or may not have happened. @default 'run' */
      readonly ifUnsure?: 'run' | 'fail'
    },
  ): Promise<Value>
  /** The same text on every run of this task and different for every task: for services that take idempotency keys. */
  idempotencyKey(name: string): string
}
