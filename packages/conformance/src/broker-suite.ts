import { brokerCases } from './broker/cases.ts'
import { brokerOffers } from './broker/offers.ts'
import { BrokerStage } from './broker/stage.ts'
import type { BrokerHarness } from './harness.ts'
import { type Suite, tie } from './suite.ts'

export type { BrokerOffers } from './broker/offers.ts'

/**
 * The broker cases tied to a harness.
 *
 * @example const report = await runSuite(brokerSuite(harness))
 */
export function brokerSuite(harness: BrokerHarness): Suite {
  return tie({
    suite: 'broker',
    name: harness.name,
    virtual: harness.now !== undefined,
    cases: brokerCases,
    probe: () => brokerOffers(harness),
    stage: ({ capabilities }) => new BrokerStage(harness, capabilities.timeResolutionMs),
    dispose: () => harness.dispose(),
  })
}
