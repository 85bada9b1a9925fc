import { batchSize, messageBytes } from './capabilities.ts'

/** Parts that fit into one batch call each, in order: at most ten entries and 1 MiB. */
export function inBatches<T>(
  items: readonly T[],
  bytesOf: (item: T) => number = () => 0,
): readonly (readonly T[])[] {
  const batches: T[][] = []
  let last: T[] | undefined
  let bytes = 0
  for (const item of items) {
    const more = bytesOf(item)
    if (!last || last.length >= batchSize || bytes + more > messageBytes) {
      last = []
      bytes = 0
      batches.push(last)
    }
    last.push(item)
    bytes += more
  }
  return batches
}
