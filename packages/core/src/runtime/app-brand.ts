import type { Backend } from '../contracts/backend.ts'
import type { Broker } from '../contracts/broker.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Clock } from '../contracts/time.ts'
import type { BeatHost, BeatModuleFor } from '../schedule/beat-module.ts'
import type { Runtime } from './runtime.ts'

/** Marks apps and their tasks, also across two copies of this package in one process. */
export const appBrand: unique symbol = Symbol.for('tq.app') as never

/** What `@tq/beat` exports as `beat`. */
export type BeatModule = BeatModuleFor<{ readonly [appBrand]: AppInternals }>

/** Services and a clock in the place of those an app was made with. */
export interface StandIns {
  readonly broker: Broker
  readonly backend: Backend
  readonly clock: Clock
  /** Awaited before whoever sends goes on. */
  readonly afterSending?: () => Promise<void>
}

/** What workers and commands need of an app they were not given but found. */
export interface AppInternals {
  readonly runtime: Runtime
  /** Offers a logger to an app that was given none; `tq worker` brings its own. Returns the one in use. */
  useLogger(logger: Logger): Logger
  /** Looks for driver packages beside this file too: a file path or URL of the application's. */
  searchFrom(file: string | URL): void
  /** What beats need of it. */
  readonly beatHost: BeatHost
  /**
   * The calendar and the beat, which most processes do without.
   *
   * @throws TqError `BEAT_MISSING` when `@tq/beat` is not installed
   */
  loadBeat(): Promise<BeatModule>
  /**
   * For tests: closes what is connected, and uses these from now on; undefined goes back to what the app was made with.
   * No worker may be running.
   */
  standIn(services: StandIns | undefined): Promise<void>
  /** A worker begins: runs the app's `startup` if it is the first; all get the same state. */
  startup(): Promise<unknown>
  /** A worker has ended: runs the app's `shutdown` if it was the last. Closes no connection. */
  shutdown(): Promise<void>
}

/** The app behind what a module exports: the app itself, or any of its tasks. Undefined when it exports neither. */
export function findApp(exported: Readonly<Record<string, unknown>>): AppInternals | undefined {
  for (const value of Object.values(exported)) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    const internals = (value as { [appBrand]?: AppInternals })[appBrand]
    if (internals) return internals
  }
  return undefined
}
