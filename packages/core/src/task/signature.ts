import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { AsyncResult, SendOptions, TaskDefinition } from './task.ts'

/** In place of what a signature takes: it has its whole input and takes nothing. */
export interface Nothing {
  readonly 'tq: has its whole input': true
}

/** What may be said of a signature; for a chain or a group it counts for every task in it that says nothing else. */
export type SignatureOptions = Omit<SendOptions, 'taskId' | 'uniqueKey' | 'throttle' | 'debounce'>

/** What an error callback is given. */
export interface FailedStep {
  /** The id of the task that failed. */
  readonly id: string
  readonly error: TaskErrorInfo
}

/** What became of one child of a group with `failures: 'collect'`. */
export type Settled<Value> =
  | { readonly status: 'fulfilled'; readonly value: Value }
  | { readonly status: 'rejected'; readonly reason: TaskErrorInfo }

/** What a signature is made of. */
export type Plan =
  | {
      readonly kind: 'task'
      readonly task: TaskDefinition
      readonly input: unknown
      /** `nothing`: it must not follow another step; `ignored`: it may, and does not care. */
      readonly takes: 'nothing' | 'ignored' | 'previous' | { readonly field: string }
      /** The input is a list, and the handler runs for each element. */
      readonly many: boolean
    }
  | { readonly kind: 'chain'; readonly steps: readonly PlannedSignature[] }
  | {
      readonly kind: 'group'
      readonly children: readonly PlannedSignature[]
      readonly failures: 'fail' | 'collect'
    }
  | { readonly kind: 'map'; readonly task: TaskDefinition }

/** A signature, its types worn off. */
export interface PlannedSignature {
  readonly plan: Plan
  readonly options: SignatureOptions
  readonly errorCallbacks: readonly PlannedSignature[]
  readonly host: SignatureHost
}

/** What a signature needs of the app it belongs to. */
export interface SignatureHost {
  sign<Takes, Gives>(plan: Plan): Signature<Takes, Gives>
  launch(
    signature: PlannedSignature,
    options: SignatureOptions & Pick<SendOptions, 'taskId'>,
  ): Promise<WorkflowResult<unknown>>
}

declare const takesBrand: unique symbol
declare const givesBrand: unique symbol

/** Any signature, for bounds of type parameters. */
export interface AnySignature extends PlannedSignature {
  readonly [takesBrand]?: (value: never) => void
  readonly [givesBrand]?: () => unknown
}

/**
 * A task, or several, ready to be sent and not sent yet: the piece that workflows are made of. Never changed: every
 * method gives a new one.
 *
 * @typeParam Takes What it needs of the step before it; `Nothing` where it has its whole input.
 * @typeParam Gives What it results in.
 */
export interface Signature<Takes, Gives> extends AnySignature {
  readonly [takesBrand]?: (value: Takes) => void
  readonly [givesBrand]?: () => Gives
  /** With options; on a chain or a group they count for every task in it that says nothing else. */
  set(options: SignatureOptions): Signature<Takes, Gives>
  /**
   * Sent when it has failed for good (each may be a chain): once per signature, with the id and error of the task that
   * failed.
   */
  onError(...callbacks: readonly ErrorCallback[]): Signature<Takes, Gives>
  /** Sends it. Refused by the compiler as long as something is missing: `delay(...missing)`. */
  delay(...missing: Missing<Takes>): Promise<WorkflowResult<Gives>>
  /** Sends it with options. @example await chain(parse.s({ path }), save.s()).applyAsync({ priority: 9 }) */
  applyAsync(
    options?: SignatureOptions & Pick<SendOptions, 'taskId'>,
    ...missing: Missing<Takes>
  ): Promise<WorkflowResult<Gives>>
}

/** A signature that can be sent as it is. */
export type WholeSignature = Signature<Nothing, unknown> | Signature<unknown, unknown>

/** A signature that may be told of a failure. */
export type ErrorCallback = Signature<FailedStep, unknown> | WholeSignature

export type TakesOf<S> = S extends { readonly [takesBrand]?: (value: infer Takes) => void } ? Takes : never
export type GivesOf<S> = S extends { readonly [givesBrand]?: () => infer Gives } ? Gives : never

/** Nothing is missing where it takes nothing, or anything at all; else an argument that nobody has. */
export type Missing<Takes> = unknown extends Takes
  ? []
  : [Takes] extends [Nothing]
    ? []
    : [error: { readonly 'tq: this signature takes the value of a step before it; give it its input': Takes }]

/** How far a workflow is. */
export interface WorkflowProgress {
  /** Tasks of the outermost group that have ended; of a workflow without one, whether it has. */
  readonly done: number
  readonly total: number
}

/** A handle on a workflow: an `AsyncResult` of its last value, and more. */
export interface WorkflowResult<Result = unknown> extends AsyncResult<Result> {
  progress(): Promise<WorkflowProgress>
  /**
   * The values of the outermost group's children as they come, in order of completion. A child that failed throws, unless
   * the group collects failures.
   *
   * @example for await (const { index, value } of result.completed()) console.log(index, value)
   */
  completed(): AsyncIterable<Completed<Result>>
}

/** One child of a group that has ended. */
export interface Completed<Result> {
  readonly index: number
  readonly value: Result extends readonly (infer Element)[] ? Element : unknown
}
