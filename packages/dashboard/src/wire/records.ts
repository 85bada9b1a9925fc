import type { Problem } from './common.ts'
import type { TaskState } from './task.ts'

export interface DeadLetterRow {
  readonly id: string
  readonly task: string | null
  readonly queue: string
  readonly reason: string
  readonly error: string
  readonly diedAt: number
}

export interface ScheduleRow {
  readonly name: string
  readonly source: string
  readonly state: string
  readonly when: string
  readonly timeZone: string
  readonly missed: string
  readonly overlap: string
  readonly sends: string
  readonly next: readonly number[]
  readonly last: {
    readonly tick: number
    readonly id: string
    readonly sentAt: number
    readonly state?: TaskState
    readonly endedAt?: number
    readonly error?: string
  } | null
  readonly waiting: number
  readonly dropped: number
}

export interface AuditRow {
  readonly at: number
  readonly by: string
  readonly action: string
  readonly target: string
  readonly outcome?: string
}

/** An action on all tasks that match a filter. */
export interface BulkJob {
  readonly id: string
  readonly action: 'retry' | 'revoke'
  readonly what: string
  readonly by: string
  readonly state: 'running' | 'complete' | 'stopped' | 'failed'
  readonly done: number
  readonly refused: number
  /** About how many there were at the start; null where nobody could say. */
  readonly total: number | null
  readonly problem?: Problem
  readonly startedAt: number
  readonly endedAt?: number
}
