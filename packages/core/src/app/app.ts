import type { QueueCounts } from '../contracts/broker.ts'
import type { Control } from '../operator/control.ts'
import type { History } from '../operator/history.ts'
import type { Inspect } from '../operator/inspect.ts'
import type { AppInternals, appBrand } from '../runtime/app-brand.ts'
import type { DeadLetters } from '../runtime/dead-letters.ts'
import type { TaskEvents } from '../runtime/events.ts'
import type { WorkerInfo } from '../runtime/worker-list.ts'
import type { ScheduleOptions } from '../schedule/schedule-options.ts'
import type { Timing } from '../schedule/timing.ts'
import type { TaskContext } from '../task/context.ts'
import type { TaskContract } from '../task/define-task.ts'
import type { InputOf, OutputOf, Schema } from '../task/schema.ts'
import type { WholeSignature, WorkflowResult } from '../task/signature.ts'
import type { AsyncResult, ResultOf, SendOptions, Task } from '../task/task.ts'
import type { CheckedTaskOptions, NoInput } from '../task/task-options.ts'
import type { Schedules } from './schedules.ts'

/** An application's tasks and its connection, made by {@link createApp}. Opens nothing before it is needed. */
export interface App<State> {
  readonly [appBrand]: AppInternals
  /**
   * Defines a task.
   *
   * @throws TqError `INVALID_NAME`, `INVALID_OPTION`, `DUPLICATE_TASK`
   * @example const add = app.task({ name: 'add', input: type<{ x: number; y: number }>(), run: ({ x, y }) => x + y })
   */
  task<S extends Schema = NoInput, R = unknown>(
    options: CheckedTaskOptions<S, R, State>,
  ): Task<InputOf<S>, Awaited<R>>
  /** Gives a contract its handler, in the service that runs it. */
  implement<S extends Schema, O>(
    contract: TaskContract<S, O>,
    run: (input: OutputOf<S>, context: TaskContext<State>) => O | Promise<O>,
  ): Task<InputOf<S>, O>
  /** Sends a task by its contract, in a service that has no handler for it. */
  send<S extends Schema, O>(
    contract: TaskContract<S, O>,
    input: InputOf<S>,
    options?: SendOptions,
  ): Promise<AsyncResult<O>>
  /** The handle of a task that was sent from anywhere. @example app.result<typeof add>(id) */
  result<T = unknown>(id: string): AsyncResult<ResultOf<T>>
  /** The handle of a workflow that was sent from anywhere. @example app.workflow<number[]>(id) */
  workflow<T = unknown>(id: string): WorkflowResult<T>
  /**
   * Sends a task or a workflow again and again, wherever a beat runs with this code (`tq worker --beat`, `tq beat`). The
   * code decides what the schedule is; whether it is paused is decided at run time, and survives a deploy.
   *
   * @throws TqError `INVALID_SCHEDULE`, `INVALID_NAME`, `DUPLICATE_SCHEDULE`
   * @example app.schedule('nightly', crontab({ hour: 1, minute: 0 }), updateKnowledgeBase.s({}))
   */
  schedule(name: string, when: Timing, signature: WholeSignature, options?: ScheduleOptions): void
  /** Schedules at run time: kept in the backend, seen by every process. */
  readonly schedules: Schedules
  /** Listens to what happens to tasks in this process. Returns a function that stops listening. */
  on<Name extends keyof TaskEvents>(name: Name, listener: (event: TaskEvents[Name]) => void): () => void
  /** Messages that were given up: list, run again, drop. */
  readonly deadLetters: DeadLetters
  /** What workers and queues are doing, on every host. */
  readonly inspect: Inspect
  /** The tasks there are and were: listed, filtered, in detail. */
  readonly history: History
  /** Pause, revoke, run again, scale, stop: from anywhere. */
  readonly control: Control
  /** The workers that live now, on every host. */
  workers(): Promise<readonly WorkerInfo[]>
  /** How many tasks a queue holds, where the broker can count. */
  counts(queue: string): Promise<QueueCounts>
  /** Deletes all waiting tasks of a queue; running ones go on. Returns how many. */
  purge(queue: string): Promise<number>
  /** Connects now rather than at first use, to find out early. */
  open(): Promise<void>
  /** Sends what is under way and closes the connections. Idempotent. */
  close(): Promise<void>
}
