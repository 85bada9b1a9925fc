/** What this service does worse than the best day of SQS. Shares are from 0 to 1. */
export interface Faults {
  /** Of deliveries: the message stays receivable although it was received. */
  readonly duplicates: number
  /** Of deletes: answered as done, and yet the message comes again. */
  readonly undeleted: number
  /** Of receives: messages come in any order. */
  readonly reordered: number
  /** Of receives: what they took never arrives; it comes back when its lease ends. */
  readonly lostReceives: number
  /** Of entries of batch calls: fail with an internal error. */
  readonly failedEntries: number
  /** Of batch calls: one of the entries fails with an internal error. */
  readonly partialBatches: number
  /** Of calls: throttled. */
  readonly throttled: number
  /** Of calls: 503. */
  readonly unavailable: number
  /** Of receives that do not wait: find nothing, whatever is there. */
  readonly missedByShortPolls: number
  /** What a handle does that a later receive has superseded. */
  readonly staleHandles: 'work' | 'fail' | 'nothing'
  /** Every call is refused for its credentials. */
  readonly expiredCredentials: boolean
  /** A message comes back so long after its receive, however often its visibility is changed. */
  readonly visibilityCapMs: number
  /** More than so many messages in flight are refused. */
  readonly mostInFlight: number
}

export const noFaults: Faults = {
  duplicates: 0,
  undeleted: 0,
  reordered: 0,
  lostReceives: 0,
  failedEntries: 0,
  partialBatches: 0,
  throttled: 0,
  unavailable: 0,
  missedByShortPolls: 0,
  staleHandles: 'nothing',
  expiredCredentials: false,
  visibilityCapMs: 12 * 3_600_000,
  mostInFlight: 120_000,
}

/** Repeatable: the same seed gives the same faults for the same calls. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
