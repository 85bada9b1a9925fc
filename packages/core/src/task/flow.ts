import type { Millis } from '../contracts/time.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { Envelope } from './envelope.ts'
import type { PayloadRef } from './payload-ref.ts'

/** How a step gets the value of the one before it: as its whole input, or as one field of it. */
type Takes = 'previous' | { readonly field: string }

/** One task of a workflow as it is kept and travels, everything decided when the workflow was sent. */
export interface FlowTask {
  readonly kind: 'task'
  readonly task: string
  readonly queue: string
  /** All of it, or what the previous value is put into. */
  readonly input?: unknown
  /** Absent: the input is whole, whatever came before. */
  readonly takes?: Takes
  readonly delayMs?: Millis
  /** Not before this instant, in milliseconds since 1970 by the sender's clock. */
  readonly eta?: number
  /** How long its first record is kept. */
  readonly ttlMs: Millis
  readonly envelope: Pick<
    Envelope,
    'priority' | 'maxRetries' | 'expiresMs' | 'headers' | 'ignoreResult' | 'many' | 'tags' | 'group'
  >
  readonly onError?: readonly FlowNode[]
}

/** One after the other, each with the value of the one before. */
interface FlowChain {
  readonly kind: 'chain'
  readonly steps: readonly FlowNode[]
  readonly onError?: readonly FlowNode[]
}

/** All at once; its value is the list of theirs. */
export interface FlowGroup {
  readonly kind: 'group'
  readonly children: readonly FlowNode[]
  /** What becomes of it when a child fails: it fails too, or goes on with what became of each. */
  readonly failures: 'fail' | 'collect'
  readonly onError?: readonly FlowNode[]
}

/** A group with one child for each element of the previous value. */
interface FlowMap {
  readonly kind: 'map'
  readonly child: FlowTask
  readonly onError?: readonly FlowNode[]
}

export type FlowNode = FlowTask | FlowChain | FlowGroup | FlowMap

/** What a workflow is made of, for people to see. `times`: so many of it side by side. */
export type FlowOutline =
  | { readonly task: string; readonly times?: number }
  | { readonly map: string }
  | { readonly chain: readonly FlowOutline[] }
  | { readonly group: readonly FlowOutline[] }

/** A node and the id of the tasks it becomes. */
interface FlowStep {
  readonly id: string
  readonly node: FlowNode
}

/** What is left of one enclosing chain, or of whoever wants to hear of failures. */
export interface FlowFrame {
  readonly steps: readonly FlowStep[]
  readonly onError?: { readonly id: string; readonly nodes: readonly FlowNode[] }
}

/** What happens when a node has ended. */
export interface Continuation {
  /** The id of the whole workflow; undefined for what runs on its own, such as error callbacks. */
  readonly root?: string
  /** The innermost first. */
  readonly frames: readonly FlowFrame[]
  /** Who waits for the value once no step is left. Undefined: it is the workflow's own. */
  readonly join?: { readonly id: string; readonly child: string }
}

/** A workflow's part in the message of one of its tasks. */
export interface FlowLink extends Continuation {
  /** The previous value is that of a join, which is too large to travel: the worker reads it. */
  readonly inputFrom?: JoinedValues & { readonly takes: Takes }
  /** The frames are too large to travel: here they are kept, and `frames` is empty. */
  readonly framesAt?: PayloadRef
}

/** The values of a join, in the place of a list that may be too long to travel. */
export interface JoinedValues {
  readonly join: string
  readonly failures: 'fail' | 'collect'
}

/** Why a node failed, and the id of the task it was. */
export interface FlowFailure {
  readonly error: TaskErrorInfo
  readonly id: string
}

/** How a node ended. */
export type FlowValue = { readonly value?: unknown } | JoinedValues | FlowFailure

/** What a join keeps of a child: how it ended, or where that is kept as it is too large. */
export type KeptFlowValue = FlowValue | { readonly at: PayloadRef; readonly failed?: true }
