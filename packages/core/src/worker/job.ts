import type { Delivery } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import type { Envelope } from '../task/envelope.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { RunContext } from './run-context.ts'

/** One delivery of a known task, from its receipt until it is settled. */
export interface Job {
  readonly delivery: Delivery
  readonly envelope: Envelope
  /** The envelope's, or put together from the values of a join. */
  readonly input: unknown
  readonly task: TaskDefinition
  readonly queue: string
  /** The right to write the task's record. */
  readonly epoch: number
  /** When its message was handed over, by the monotonic clock. */
  readonly leasedAt: Millis
  /** When it was admitted, by the same: the backend may have been away meanwhile. */
  readonly receivedAt: Millis
  /** It lost its lease twice: it runs alone, in a process of its own where possible. */
  readonly suspect: boolean
  /** Set when the lease is gone: nothing of this run may be written any more. */
  lost: boolean
  /** Once it runs. */
  context: RunContext | undefined
}
