import type { TaskState } from './task.ts'

export interface WorkflowRow {
  readonly id: string
  /** What it is made of, in a few words; empty where that was not kept. */
  readonly shape: string
  readonly state: TaskState
  readonly sentAt?: number
  readonly endedAt?: number
  readonly error?: { readonly name: string; readonly message: string }
  readonly done: number
  readonly total: number
}

/** A node of a workflow: a task, or tasks one after the other, or side by side. */
export type GraphNode =
  | {
      readonly kind: 'task'
      readonly id: string
      readonly name: string
      /** Null: not sent yet. */
      readonly state: TaskState | null
      readonly runtimeMs?: number
      readonly startedAt?: number
      readonly error?: string
      readonly canRetry: boolean
    }
  | { readonly kind: 'chain'; readonly id: string; readonly steps: readonly GraphNode[] }
  | {
      readonly kind: 'group'
      readonly id: string
      readonly children: readonly GraphNode[]
      readonly done: number
      readonly total: number
    }

export interface WorkflowDetail extends WorkflowRow {
  readonly graph: GraphNode | null
  /** Tasks that were started because something failed. */
  readonly callbacks: readonly GraphNode[]
  /** False: there are more tasks than are shown. */
  readonly complete: boolean
  readonly result?: unknown
}
