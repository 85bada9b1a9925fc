import type { Millis } from '../contracts/time.ts'
import type { Backoff } from '../task/task-policy.ts'

/**
 * How long to wait after the failed run number `attempt` (0 is the first).
 *
 * @param random From 0 (included) to 1 (excluded).
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: number): Millis {
  const full = backoff.type === 'fixed' ? backoff.baseMs : backoff.baseMs * 2 ** Math.min(attempt, 40)
  const capped = Math.min(full, backoff.maxMs)
  return Math.round(backoff.jitter ? capped * random : capped)
}
