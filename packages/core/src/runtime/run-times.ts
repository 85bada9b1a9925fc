import type { Millis } from '../contracts/time.ts'

/*
 * Run times are kept as histograms whose bounds grow by the fourth root of 2, from 1 ms on: ±9 % at any length, and
 * those of all workers and minutes add up.
 */
const perDoubling = 4
const mostBuckets = 100

/** The bucket of a run time; 0 holds everything up to 1 ms, the last one what is longer than nine hours. */
export function bucketOf(ms: Millis): number {
  return ms <= 1 ? 0 : Math.min(mostBuckets - 1, Math.ceil(Math.log2(ms) * perDoubling))
}

/** No run time in the bucket is longer. */
export function upperBoundOf(bucket: number): Millis {
  return 2 ** (bucket / perDoubling)
}

/** How many runs took how long, by bucket. */
export type Histogram = ReadonlyMap<number, number>

/** The run time that this part of the runs (0 to 1) did not exceed; undefined where nothing ran. */
export function percentile(histogram: Histogram, part: number): Millis | undefined {
  let total = 0
  for (const count of histogram.values()) total += count
  if (total <= 0) return undefined
  let left = total * part
  for (const [bucket, count] of [...histogram].sort(([one], [other]) => one - other)) {
    left -= count
    if (left <= 0) return upperBoundOf(bucket)
  }
  return upperBoundOf(mostBuckets - 1)
}
