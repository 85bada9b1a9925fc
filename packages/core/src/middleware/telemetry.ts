import type { RunMiddleware } from './types.ts'

/** A sending that has begun. */
export interface Sending {
  /** Travel with the task, or with all tasks of one call. */
  readonly headers: Readonly<Record<string, string>>
  /** @param error set when nothing was sent */
  ended(error?: unknown): void
}

/** What ties tasks to traces and metrics, on every way a task is sent: one by one, in bulk, as part of a workflow. */
export interface Telemetry {
  /** Called in the context of whoever sends. */
  sending(task: { readonly name: string; readonly queue: string; readonly count: number }): Sending
  /** Around every run in a worker, and around all middleware. */
  readonly run: RunMiddleware
}
