/** Lost leases after which a task runs alone, in a process of its own. */
const suspectAfterLosses = 2
/** Lost leases after which it is given up. */
const deadAfterLosses = 10
/** Times an unknown task is given back before it is given up; with growing delays about ten minutes. */
export const maxMisses = 10

/**
 * What the number of lost leases says of a task. A lost lease is no proof of a crash: workers are killed and
 * machines pause for reasons of their own.
 */
export function judge(deliveryCount: number | undefined): 'fine' | 'suspect' | 'dead' {
  const losses = (deliveryCount ?? 1) - 1
  if (losses >= deadAfterLosses) return 'dead'
  return losses >= suspectAfterLosses ? 'suspect' : 'fine'
}

/** How long an unknown task waits for a worker that knows it: 1 s, doubling, at most 2 minutes. */
export function missDelay(misses: number): number {
  return Math.min(1_000 * 2 ** misses, 120_000)
}
