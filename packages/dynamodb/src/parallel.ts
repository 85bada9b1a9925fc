/** All of them, in order, at most so many at a time. The first failure is the whole call's; the others still end. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  most: number,
  run: (item: Item, at: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  let failed = false
  const work = async () => {
    while (next < items.length && !failed) {
      const at = next++
      try {
        results[at] = await run(items[at] as Item, at)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await settled(Array.from({ length: Math.min(most, items.length) }, work))
  return results
}

/** Waits for all, so that nothing goes on behind the back of whoever is told of the first failure. */
async function settled(working: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(working)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/** In lists of at most so many. */
export function inParts<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  const parts: Item[][] = []
  for (let start = 0; start < items.length; start += most) parts.push(items.slice(start, start + most))
  return parts
}
