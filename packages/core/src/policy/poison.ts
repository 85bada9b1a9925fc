/** Lost leases after which a task runs alone, in a process of its own where possible. */
const suspectAfterLosses = 2
/** Lost leases after which it is given up. */
export const deadAfterLosses = 10
/**
 * The same where starts of suspects are counted: then those it lost while it only waited do not count, unless they are so
 * many that what kills its workers must be its message itself.
 */
const deadAfterLossesOfAnyKind = 50
/** A suspect may start so often without ending: with the leases it lost before, it has lost ten then. */
export const mostSuspectStarts = deadAfterLosses - suspectAfterLosses
/** Times an unknown task is given back before it is given up; with growing delays about ten minutes. */
export const maxMisses = 10

const lossesOf = (deliveryCount = 1): number => deliveryCount - 1

/** Whether so many workers have lost it that it may be what took them down. */
export function isSuspect(deliveryCount: number | undefined): boolean {
  return lossesOf(deliveryCount) >= suspectAfterLosses
}

/**
 * Whether it has lost so many leases that it is given up. A lost lease is no proof of a crash: workers are killed and
 * machines pause for reasons of their own.
 *
 * @param startsAreCounted Whether it is known how often a suspect has started.
 */
export function isDead(deliveryCount: number | undefined, startsAreCounted: boolean): boolean {
  return lossesOf(deliveryCount) >= (startsAreCounted ? deadAfterLossesOfAnyKind : deadAfterLosses)
}

/** How long an unknown task waits for a worker that knows it: 1 s, doubling, at most 2 minutes. */
export function missDelay(misses: number): number {
  return Math.min(1_000 * 2 ** misses, 120_000)
}
