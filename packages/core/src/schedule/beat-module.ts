import type { ResultBackend } from '../contracts/backend.ts'
import type { Duration } from '../options/duration.ts'
import type { ScheduleDefinition } from './schedule.ts'
import type { ScheduleBook } from './schedule-book.ts'
import type { ScheduleRules } from './schedule-options.ts'

export interface BeatOptions {
  /** How long the leader leads without a sign of life: about so long after its death another replica takes over. @default '15s' */
  readonly lease?: Duration
  /** For people, in logs. @default host:pid */
  readonly name?: string
}

/** Sends what is scheduled, as long as it runs. Any number may run; one of them leads. */
export interface Beat {
  /** Connects and begins. Rejects when that is not possible. */
  start(): Promise<void>
  /** Ends, and lets another one lead at once. */
  stop(): Promise<void>
}

/**
 * What `@tq/beat` offers to core, which finds it as it finds drivers: telling when schedules tick needs a calendar, and
 * most processes need none.
 */
export interface BeatModuleFor<App> extends Calendar {
  createBeat(app: App, options?: BeatOptions): Beat
}

export interface Calendar {
  /** The first ticks after an instant, at most so many, in milliseconds since 1970. */
  nextTicks(rules: ScheduleRules, after: number, count: number): readonly number[]
}

/** What a beat needs of its app. */
export interface BeatHost {
  /** @throws TqError what the connection says; `BACKEND_REQUIRED` when a schedule needs a backend and there is none */
  open(): Promise<BeatServices>
  /** The schedules of the app's code, ready to be kept. */
  declared(): Promise<readonly ScheduleDefinition[]>
  /** Sends what a schedule sends. Under an id that was used before, nothing is sent. */
  send(definition: ScheduleDefinition, id: string, delayMs: number): Promise<void>
}

export interface BeatServices {
  readonly book: ScheduleBook
  /** Who leads: a state store's places. */
  acquire(holder: string, ttlMs: number): Promise<number | undefined>
  renew(holder: string, ttlMs: number): Promise<boolean>
  release(holder: string): Promise<void>
  /** Undefined without a backend: this process is the only one that may beat, and forgets when it ends. */
  readonly results: ResultBackend | undefined
}
