import type { Millis } from '../../contracts/time.ts'
import type { ResolvedHistory } from '../../runtime/history-settings.ts'
import { type Connection, longestDelayMs, type Runtime } from '../../runtime/runtime.ts'
import type { Codecs } from '../../task/codec.ts'

/** What settling needs to know of the worker. */
export interface SettleContext {
  readonly worker: string
  /** The same as JSON. */
  readonly workerJson: string
  readonly codec: Codecs
  readonly maxDelayMs: Millis
  readonly maxBodyBytes: number
  /** Whether records are kept at all. */
  readonly hasBackend: boolean
  readonly history: ResolvedHistory
  /** Whether late copies of a message are possible, so that ended tasks must be remembered. */
  readonly copiesPossible: boolean
  /** Set anew for each that is settled. */
  now: number
}

/** The context of everything that a worker settles. */
export function settleContext(runtime: Runtime, connection: Connection, worker: string): SettleContext {
  return {
    worker,
    workerJson: JSON.stringify(worker),
    codec: runtime.codec,
    maxDelayMs: longestDelayMs(connection),
    maxBodyBytes: connection.broker.capabilities.maxBodyBytes,
    hasBackend: connection.backend !== undefined,
    history: runtime.settings.history,
    copiesPossible: !connection.oneStore,
    now: 0,
  }
}
