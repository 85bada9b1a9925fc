import type { Priority } from '../contracts/broker.ts'
import type { TaskState } from '../contracts/record.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { Duration } from '../options/duration.ts'
import type { TaskContext } from './context.ts'
import type { Schema } from './schema.ts'
import { signaturesOf } from './sign.ts'
import type { Nothing, Signature, SignatureHost } from './signature.ts'
import type { InputArguments } from './task-options.ts'
import type { TaskPolicy } from './task-policy.ts'

/** What may be said when a task is sent; stronger than the task's own settings. */
export interface SendOptions {
  /** Run not before this long from now. Milliseconds to weeks, on every broker. */
  readonly countdown?: Duration
  /** Run not before this instant. Use either this or `countdown`. */
  readonly eta?: Date
  readonly queue?: string
  /** 0 (last) to 9 (first). */
  readonly priority?: Priority
  /** Not worth starting later than this long from now; it then ends as REVOKED. */
  readonly expires?: Duration
  /** Your own id: sending again with the same one never makes a second task. @default a new UUID version 7 */
  readonly taskId?: string
  /** At most one task with this key is queued or running; while there is one, sending returns its handle. */
  readonly uniqueKey?: string
  /**
   * At most one task with this key in a time: while there was one, sending returns its handle and sends nothing.
   *
   * @example { key: `digest:${user}`, every: '1h' }
   */
  readonly throttle?: { readonly key: string; readonly every: Duration }
  /**
   * Waits until nobody has sent a task with this key for so long, then runs the last one; those before it end as REVOKED.
   *
   * @example { key: `index:${document}`, wait: '5s' }
   */
  readonly debounce?: { readonly key: string; readonly wait: Duration }
  readonly maxRetries?: number
  readonly ignoreResult?: boolean
  /**
   * On SQS its `MessageGroupId`: a tenant, say. Standard queues are shared fairly between groups, FIFO queues keep the order
   * within one. Elsewhere it changes nothing. 1 to 128 printable ASCII characters without spaces.
   */
  readonly group?: string
  /** Words to find the task by in `app.history` and the dashboard: at most 10, of at most 64 characters. */
  readonly tags?: readonly string[]
  /** Short texts that travel with the task; the handler reads them in `ctx.headers`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** All that is known of a task. */
export interface TaskInfo<Result = unknown> {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: TaskState
  /** Failed runs that counted. */
  readonly attempt: number
  /** Rises when somebody runs a finished task again. */
  readonly generation: number
  /** Set in SUCCESS, unless the result was ignored. */
  readonly result?: Result
  /** Set in FAILURE and RETRY. */
  readonly error?: TaskErrorInfo
  /** Why it was revoked. */
  readonly reason?: string
  readonly progress?: { readonly fraction: number; readonly message?: string }
  readonly sentAt?: Date
  readonly startedAt?: Date
  readonly endedAt?: Date
  readonly worker?: string
}

/** A handle on a task that was sent. Holds nothing but the id: every method asks the backend. */
export interface AsyncResult<Result = unknown> {
  readonly id: string
  /** @throws TqError `UNKNOWN_RESULT` when nothing is known of the id (never sent, or expired). */
  status(): Promise<TaskState>
  /** Whether it has ended, in whatever way. */
  ready(): Promise<boolean>
  successful(): Promise<boolean>
  /** All that is known of it; undefined for an unknown id. */
  info(): Promise<TaskInfo<Result> | undefined>
  /**
   * Waits for the end and returns the value.
   *
   * @throws TaskFailure, TaskRevoked, ResultTimeout, or TqError `UNKNOWN_RESULT`
   */
  get(options?: { readonly timeout?: Duration; readonly signal?: AbortSignal }): Promise<Result>
  /**
   * A task that has not started never will; a running one is told by `ctx.signal` within two seconds and can no
   * longer store a result. `terminate` also kills the process of an isolated task. Returns false when it had ended.
   */
  revoke(options?: { readonly terminate?: boolean; readonly reason?: string }): Promise<boolean>
  /** Deletes what is kept of the task. */
  forget(): Promise<void>
}

/** What a task needs of the app it belongs to. */
export interface TaskHost extends SignatureHost {
  send<Result>(task: TaskDefinition, input: unknown, options: SendOptions): Promise<AsyncResult<Result>>
  sendMany<Result>(
    task: TaskDefinition,
    inputs: readonly unknown[],
    options: SendOptions,
  ): Promise<readonly AsyncResult<Result>[]>
  runHere(task: TaskDefinition, input: unknown): Promise<unknown>
}

/** A task as core sees it, its types worn off. */
export interface TaskDefinition {
  readonly name: string
  readonly input: Schema | undefined
  readonly output: Schema | undefined
  readonly policy: TaskPolicy
  /** Undefined for a contract that this process only sends. */
  readonly run: ((input: unknown, context: TaskContext<never>) => unknown) | undefined
}

/** A task: call it to run it here and now, or send it to a worker. */
export interface Task<Input, Result> {
  /** Runs it here, now, in this process: validated, without a queue, retries or limits. */
  (...input: InputArguments<Input>): Promise<Result>
  readonly name: string
  readonly definition: TaskDefinition
  /**
   * Sends it. Resolves when the broker has accepted it.
   *
   * @example const result = await add.delay({ x: 2, y: 3 })
   */
  delay(...input: InputArguments<Input>): Promise<AsyncResult<Result>>
  /**
   * Sends it with options.
   *
   * @example await report.applyAsync({ month: '2026-10' }, { countdown: '10m', priority: 9 })
   */
  applyAsync(input: Input, options?: SendOptions): Promise<AsyncResult<Result>>
  /** Sends many at once, far cheaper than one by one. All have the same options. */
  delayMany(
    inputs: readonly Input[],
    options?: Omit<SendOptions, 'taskId' | 'uniqueKey'>,
  ): Promise<readonly AsyncResult<Result>[]>
  /**
   * The task as a step of a workflow. Without an input it takes the value of the step before as its whole input.
   *
   * @example chain(parse.s({ path }), embed.s(), save.s())
   */
  s(): Signature<undefined extends Input ? Nothing : Input, Result>
  /** With its whole input: the first step of a chain, or a child of a group. */
  s(input: Input): Signature<Nothing, Result>
  /**
   * With part of its input; the value of the step before becomes one field of it.
   *
   * @example chain(parse.s({ path }), embed.s({ model: 'small' }, { from: 'text' }))
   */
  s<Field extends keyof Input & string>(
    rest: Omit<Input, Field>,
    options: { readonly from: Field },
  ): Signature<Input[Field], Result>
  /** With its whole input, wherever it stands: the value of the step before is ignored. */
  si(...input: InputArguments<Input>): Signature<unknown, Result>
  /** A group with one task for each element of the list that the step before gives. */
  map(): Signature<readonly Input[], Result[]>
  /** A group with one task for each input. */
  map(inputs: readonly Input[]): Signature<Nothing, Result[]>
  /** A group of tasks that each work through so many of the inputs, one after the other: for inputs too small for a task each. */
  chunks(inputs: readonly Input[], size: number): Signature<Nothing, Result[][]>
}

/** The result type of a task, for `app.result<typeof add>(id)`. */
export type ResultOf<T> = T extends { delay(...input: never): Promise<AsyncResult<infer Result>> }
  ? Result
  : T

/** A callable task over its definition. */
export function createTask<Input, Result>(definition: TaskDefinition, host: TaskHost): Task<Input, Result> {
  const call = (...[input]: InputArguments<Input>) => host.runHere(definition, input) as Promise<Result>
  // A function's own `name` cannot be assigned, only defined.
  Object.defineProperty(call, 'name', { value: definition.name })
  return Object.assign(call, {
    definition,
    ...signaturesOf<Input, Result>(definition, host),
    delay: (...[input]: InputArguments<Input>) => host.send<Result>(definition, input, {}),
    applyAsync: (input: Input, options: SendOptions = {}) => host.send<Result>(definition, input, options),
    delayMany: (inputs: readonly Input[], options: SendOptions = {}) =>
      host.sendMany<Result>(definition, inputs, options),
  })
}
