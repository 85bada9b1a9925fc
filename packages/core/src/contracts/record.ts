import type { Millis } from './time.ts'

/** Where a task stands. The names are those Celery users know. */
export type TaskState = 'PENDING' | 'STARTED' | 'RETRY' | 'SUCCESS' | 'FAILURE' | 'REVOKED'

/**
 * What a backend keeps of one task. Ordered by (`generation`, `attempt`, `epoch`): a backend refuses a record
 * that is older than the one it has, and any change of a terminal one within its generation.
 */
export interface TaskRecord {
  /** The task's id. */
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: TaskState
  /** Starts at 0; rises when a person runs a finished task again. */
  readonly generation: number
  /** Starts at 0; the number of failed runs that were charged. */
  readonly attempt: number
  /** The fencing number of the run that writes, from `claim`; 0 before the first run. */
  readonly epoch: number
  /** When it was written, by the writer's clock. For people to read, never for decisions. */
  readonly updatedAt: number
  /** Everything else as JSON text: result, error, progress, times. A backend never parses it. */
  readonly detail: string
  /** The record reads as absent this long after it was stored. */
  readonly ttlMs: Millis
  /**
   * `claim` and `put` go on treating the task as ended this long after a terminal record was stored, also
   * when the record itself has expired: a late copy of the message must not run again. At least `ttlMs`.
   */
  readonly markMs: Millis
}

/** The states that end a task; within one generation nothing follows them. */
export const terminalStates: readonly TaskState[] = ['SUCCESS', 'FAILURE', 'REVOKED']

/** Whether nothing can follow this state within its generation. */
export function isTerminal(state: TaskState): boolean {
  return state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED'
}
