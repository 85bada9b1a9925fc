import type { Priority } from '../contracts/broker.ts'
import type { Duration } from '../options/duration.ts'
import type { TaskContext } from './context.ts'
import type { JsonCheck } from './json-types.ts'
import type { ConcurrencyLimit, RateLimit } from './limits.ts'
import type { InputOf, OutputOf, Schema } from './schema.ts'

/** How long to wait before the next run. */
export interface BackoffOptions {
  /** `fixed`: always `base`. `exponential`: `base`, doubled with each attempt. @default 'exponential' */
  readonly type?: 'fixed' | 'exponential'
  /** @default '1s' */
  readonly base?: Duration
  /** @default '10m' */
  readonly max?: Duration
  /** Full jitter: a random part of the time, so that tasks that failed together do not return together. @default true */
  readonly jitter?: boolean
}

export interface RetryOptions {
  /** Runs after the first one. 0 turns retries off. @default 3 */
  readonly maxRetries?: number
  /** A duration means `{ type: 'fixed', base }`. */
  readonly backoff?: Duration | BackoffOptions
  /** Asked for each error; false means: do not try again. @default every error but `Reject` is retried */
  readonly retryIf?: (error: unknown, attempt: number) => boolean
}

/** How long results are kept: one duration, or one per kind of ending. */
export type ResultExpires = Duration | { readonly success?: Duration; readonly failure?: Duration }

/** What may be set for one task, or for all of an app under `defaults`. */
export interface TaskSettings {
  /** @default the app's `queue`, which is `'default'` */
  readonly queue?: string
  /** 0 (last) to 9 (first). @default 4 */
  readonly priority?: Priority
  readonly retry?: RetryOptions
  /** After this long `ctx.signal` aborts with `SoftTimeLimitExceeded`. @default none */
  readonly softTimeLimit?: Duration
  /**
   * After this long the task has failed. With `isolate: 'process'` its process is killed; an inline handler cannot
   * be stopped, so it keeps its slot until it returns. @default none
   */
  readonly timeLimit?: Duration
  /** `process`: runs in a pooled child process, which a hard time limit or a crash can end without harm to others. @default 'inline' */
  readonly isolate?: 'inline' | 'process'
  /** @default '1d' */
  readonly resultExpires?: ResultExpires
  /** Keep only the state, not the value. @default false */
  readonly ignoreResult?: boolean
  /** `after`: a crash runs the task again (at least once). `before`: it never runs twice (at most once). @default 'after' */
  readonly acknowledge?: 'after' | 'before'
  /**
   * The most starts in a time, on all workers together. A task over the limit waits outside the queue until it is its turn:
   * it holds no slot and uses up no attempt. Needs a backend. @example '100/m' @default none
   */
  readonly rateLimit?: RateLimit<never>
  /**
   * The most running at once, on all workers together. A task over the limit waits outside the queue until one has ended.
   * Needs a backend. @example { limit: 5, key: (input) => input.tenant } @default none
   */
  readonly concurrency?: ConcurrencyLimit<never>
  /** Deaths of the task's own process before it goes to the dead letters. @default 3 */
  readonly maxCrashes?: number
}

export interface TaskOptions<S extends Schema, R, State>
  extends Omit<TaskSettings, 'rateLimit' | 'concurrency'> {
  /** How messages call it. Never derived from a file or a variable: renaming those must not orphan messages. */
  readonly name: string
  /** What the sender passes. Without it the task takes no input. The only source of the payload's type. */
  readonly input?: S
  /** @see TaskSettings.rateLimit */
  readonly rateLimit?: RateLimit<InputOf<NoInfer<S>>>
  /** @see TaskSettings.concurrency */
  readonly concurrency?: ConcurrencyLimit<InputOf<NoInfer<S>>>
  /** Checks what `run` returns, at run time. */
  readonly output?: Schema
  readonly run: (input: OutputOf<S>, context: TaskContext<State>) => R
}

/** A schema for tasks without input. */
export type NoInput = Schema<void, void>

/** The options of one task, with the check that its result is plain data. */
export type CheckedTaskOptions<S extends Schema, R, State> = TaskOptions<S, R, State> & JsonCheck<R>

/** Makes the argument optional for tasks without input. */
export type InputArguments<Input> = undefined extends Input ? [input?: Input] : [input: Input]
