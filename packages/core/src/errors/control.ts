import type { Millis } from '../contracts/time.ts'

/**
 * Throw it from a task that must not be tried again: it goes to FAILURE and the dead-letter queue at once.
 *
 * @example throw new Reject('no such customer')
 */
export class Reject extends Error {
  override readonly name = 'Reject'
  readonly code = 'TASK_REJECTED'
}

/** What `ctx.retry()` throws. It counts as an attempt unless `countAttempt` is false. */
export class RetryRequest extends Error {
  override readonly name = 'RetryRequest'
  readonly delayMs: Millis | undefined
  readonly countAttempt: boolean

  constructor(delayMs: Millis | undefined, countAttempt: boolean, cause: unknown) {
    super('The task asked to be run again.', cause === undefined ? undefined : { cause })
    this.delayMs = delayMs
    this.countAttempt = countAttempt
  }
}

/** What is told of a run that ended with `error`: of one that asked to be run again, why it did, where it said so. */
export function reasonOf(error: unknown): unknown {
  return error instanceof RetryRequest && error.cause !== undefined ? error.cause : error
}
