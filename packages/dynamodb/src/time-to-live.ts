import type { Millis } from '@tq/core/driver'
import type { Instant } from './service-time.ts'

/** DynamoDB removes an item only some time after its end; until then it is not seen by its own `expires`. */
const marginMs: Millis = 3_600_000
/** Four thousand years are for ever. */
const longestMs: Millis = 2 ** 47

/** When something ends that begins now and lasts so long: at the earliest then, whoever asks. */
export function endOf({ latest }: Instant, durationMs: Millis): number {
  return Math.ceil(latest + Math.min(longestMs, Math.max(0, durationMs)))
}

/** For the table's time to live, in seconds: some time after an end. */
export function removedAfter(end: number): number {
  return Math.ceil((end + marginMs) / 1_000)
}
