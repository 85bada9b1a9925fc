import type { Millis } from '../contracts/time.ts'
import { Reject, RetryRequest } from '../errors/control.ts'
import { SoftTimeLimitExceeded } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import type { RetryPolicy } from '../task/task-policy.ts'
import { backoffDelay } from './backoff.ts'

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: Millis; readonly nextAttempt: number }
  | { readonly retry: false; readonly reason: string }

/** What follows a failed run. */
export function decideRetry(
  error: unknown,
  attempt: number,
  policy: RetryPolicy,
  random: number,
): RetryDecision {
  const delay = backoffDelay(policy.backoff, attempt, random)
  if (error instanceof RetryRequest) {
    const delayMs = error.delayMs ?? delay
    if (!error.countAttempt) return { retry: true, delayMs, nextAttempt: attempt }
    if (attempt < policy.maxRetries) return { retry: true, delayMs, nextAttempt: attempt + 1 }
    return { retry: false, reason: 'retries used up' }
  }
  if (isFinal(error)) return { retry: false, reason: 'not retryable' }
  if (attempt >= policy.maxRetries) return { retry: false, reason: 'retries used up' }
  if (policy.retryIf && !policy.retryIf(error, attempt)) return { retry: false, reason: 'retryIf said no' }
  return { retry: true, delayMs: delay, nextAttempt: attempt + 1 }
}

/** Errors that another run would meet again. */
function isFinal(error: unknown): boolean {
  if (error instanceof Reject) return true
  if (error instanceof SoftTimeLimitExceeded || !(error instanceof TqError)) return false
  return (
    error.code === 'VALIDATION_FAILED' ||
    error.code === 'INVALID_PAYLOAD' ||
    error.code === 'PAYLOAD_TOO_LARGE' ||
    error.code === 'TIME_LIMIT_EXCEEDED'
  )
}
