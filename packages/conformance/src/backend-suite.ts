import type { BackendHarness } from './harness.ts'
import { resultCases } from './results/cases.ts'
import { stateCases } from './state/cases.ts'
import { backendOffers } from './state/offers.ts'
import { BackendStage } from './state/stage.ts'
import { type Suite, tie } from './suite.ts'

export type { BackendOffers } from './state/offers.ts'

/**
 * The cases of results and state tied to a harness.
 *
 * @example const report = await runSuite(backendSuite(harness))
 */
export function backendSuite(harness: BackendHarness): Suite {
  return tie({
    suite: 'backend',
    name: harness.name,
    virtual: harness.now !== undefined,
    cases: [...resultCases, ...stateCases],
    probe: () => backendOffers(harness),
    stage: ({ capabilities }) => new BackendStage(harness, capabilities.timeResolutionMs),
    dispose: () => harness.dispose(),
  })
}
