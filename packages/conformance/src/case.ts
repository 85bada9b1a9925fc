/**
 * Something a case needs of the driver or of the harness before it applies. What applies follows from
 * capabilities and from optional members that are present, never from a list of things to skip.
 *
 * @example { needs: "lease 'timed'", holds: (offers) => offers.capabilities.lease === 'timed' }
 */
export interface Requirement<Offers> {
  /** In words: the reason shown where the case does not apply. */
  readonly needs: string
  holds(offers: Offers): boolean
}

/**
 * One promise of a contract and the proof of it. Cases are data: a runner, a report and the documentation all
 * read the same list.
 *
 * @example
 * const gone: ConformanceCase<BrokerStage, BrokerOffers> = {
 *   id: 'ack/done-is-gone',
 *   promise: 'Done: the messages are gone.',
 *   async run(stage) { … },
 * }
 */
export interface ConformanceCase<Stage, Offers> {
  /** Stable: a row of the feature matrix, the name in bug reports. */
  readonly id: string
  /** The sentence of the contract that it proves. */
  readonly promise: string
  /** All must hold. A case with requirements has a partner for the other branch where the contract states one. */
  readonly requires?: readonly Requirement<Offers>[]
  /** Real time it may take at most. Default 20 s. */
  readonly timeoutMs?: number
  /** Runs alone: it loads the machine, blocks the process or disturbs the service. */
  readonly exclusive?: boolean
  /** Rejects when the promise is broken. */
  run(stage: Stage): Promise<void>
}

/** Real time a case may take when it does not say. */
export const defaultTimeoutMs = 20_000

/** Why a case does not apply to what is offered; undefined when it does. */
export function whyNotApplicable<Stage, Offers>(
  conformanceCase: ConformanceCase<Stage, Offers>,
  offers: Offers,
): string | undefined {
  const missing = conformanceCase.requires?.filter((requirement) => !requirement.holds(offers)) ?? []
  return missing.length === 0 ? undefined : `needs ${missing.map(({ needs }) => needs).join(' and ')}`
}
