import type { Millis } from '../contracts/time.ts'
import type { Job } from './job.ts'
import type { QueueSession } from './queue-session.ts'
import type { RunContext } from './run-context.ts'

/** A task that holds a slot. */
export interface ActiveRun {
  readonly job: Job
  readonly session: QueueSession
  readonly context: RunContext
  /** In milliseconds since 1970. */
  readonly startedAt: number
  /** By the monotonic clock. */
  readonly startedTick: Millis
  /** Whether its record says STARTED. */
  announced: boolean
  /** The handler and all around it, once it runs. */
  attempt: Promise<unknown> | undefined
  /** Its outcome is decided and handed to settling; only the handler goes on. */
  decided: boolean
}
