import { brokerCases } from './broker/cases.ts'
import type { BrokerOffers } from './broker/offers.ts'
import { type ConformanceCase, whyNotApplicable } from './case.ts'
import { payloadCases } from './payloads/cases.ts'
import { resultCases } from './results/cases.ts'
import { stateCases } from './state/cases.ts'
import type { BackendOffers } from './state/offers.ts'
import { storeCases } from './store/cases.ts'
import type { StoreOffers } from './store/offers.ts'

type Question =
  | { readonly suite: 'broker'; readonly offers: BrokerOffers }
  | { readonly suite: 'backend'; readonly offers: BackendOffers }
  | { readonly suite: 'store'; readonly offers: StoreOffers }
  | { readonly suite: 'payloads'; readonly offers: object }

/**
 * Ids of the cases that have to pass, from what a driver offers alone: to be compared with a report's `passed`.
 *
 * @example
 * expectedCaseIds({ suite: 'broker', offers: { capabilities, admin: true, change: true, keeper: false, sever: true, … } })
 */
export function expectedCaseIds(question: Question): readonly string[] {
  switch (question.suite) {
    case 'broker':
      return applicable(brokerCases, question.offers)
    case 'backend':
      return applicable([...resultCases, ...stateCases], question.offers)
    case 'store':
      return applicable(storeCases, question.offers)
    case 'payloads':
      return applicable(payloadCases, question.offers)
  }
}

function applicable<Stage, Offers>(
  cases: readonly ConformanceCase<Stage, Offers>[],
  offers: Offers,
): readonly string[] {
  return cases.filter((one) => whyNotApplicable(one, offers) === undefined).map(({ id }) => id)
}
