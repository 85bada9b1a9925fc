import type { FlowNode } from '../task/flow.ts'
import type { ScheduleRules } from './schedule-options.ts'

/** What a schedule is, whoever made it. */
export interface ScheduleDefinition {
  readonly name: string
  readonly rules: ScheduleRules
  /** The signature as it travels: whoever sends it need not know its tasks. */
  readonly sends: FlowNode
}

/** As it is kept. */
export interface StoredSchedule extends ScheduleDefinition {
  readonly v: 1
  /** Who decides what it is: the code of an app, or whoever upserts it. */
  readonly source: 'code' | 'store'
  /** The store's own: no deploy changes it. */
  readonly paused: boolean
  /** Ticks after this instant count: when it was made, last resumed, or its times last changed. */
  readonly since: number
}

/** How far a schedule is. Kept apart from what it is, and written by the leading beat only. */
export interface ScheduleProgress {
  readonly v: 1
  /** The fencing number of the leader that wrote it. */
  readonly term: number
  /** What becomes of every tick up to this instant is decided. */
  readonly decided: number
  /** Ticks that are to be sent, and are not known to have been, in order. */
  readonly waiting: readonly number[]
  /** The tick that was sent last. */
  readonly last?: SentTick
  /** Ticks that were given up, by `missed`, `overlap`, or because they could not be sent. */
  readonly dropped: number
}

export interface SentTick {
  readonly tick: number
  /** Of its task, or its workflow. */
  readonly id: string
  readonly sentAt: number
  /** Why it could not be sent, and never will be. */
  readonly error?: string
}

/** A kept value and its version, for the next change of it. */
export interface Kept<Value> {
  readonly value: Value
  readonly version: number
}

/** A schedule with its progress, as read together. */
export interface ScheduleEntry {
  readonly schedule: Kept<StoredSchedule>
  readonly progress: Kept<ScheduleProgress> | undefined
  /** From the code of no app that runs a beat now: it does not tick. */
  readonly orphaned: boolean
}

/** The id of a tick's task: the same whoever sends it, and so never twice. @example nightly@2026-11-03T01:00:00Z */
export function tickId(name: string, tick: number): string {
  return `${name}@${new Date(tick).toISOString().replace('.000Z', 'Z')}`
}
