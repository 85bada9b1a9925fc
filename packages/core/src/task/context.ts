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
    /** Kept as the reason. */
    readonly cause?: unknown
  }): never
  /** The same text on every run of this task and different for every task: for services that take idempotency keys. */
  idempotencyKey(name: string): string
}
