import type { StoreHarness } from './harness.ts'
import { storeCases } from './store/cases.ts'
import { storeOffers } from './store/offers.ts'
import { StoreStage } from './store/stage.ts'
import { type Suite, tie } from './suite.ts'

export type { StoreOffers } from './store/offers.ts'

/**
 * The cases of a broker and a backend in one store, tied to a harness.
 *
 * @example const report = await runSuite(storeSuite(harness))
 */
export function storeSuite(harness: StoreHarness): Suite {
  return tie({
    suite: 'store',
    name: harness.name,
    virtual: harness.now !== undefined,
    cases: storeCases,
    probe: () => storeOffers(harness),
    stage: ({ capabilities }) => new StoreStage(harness, capabilities.timeResolutionMs),
    dispose: () => harness.dispose(),
  })
}
