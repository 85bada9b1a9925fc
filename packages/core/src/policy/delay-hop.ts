import type { Millis } from '../contracts/time.ts'

/** One step of a delay: what this message waits, and what remains after it. */
export interface Hop {
  readonly delayMs: Millis
  readonly leftMs: Millis
}

/** Splits a delay into what the broker can hold at once and the rest. */
export function nextHop(delayMs: Millis, maxDelayMs: Millis): Hop {
  const now = Math.min(delayMs, maxDelayMs)
  return { delayMs: now, leftMs: delayMs - now }
}
