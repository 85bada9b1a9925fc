import type { PayloadHarness } from './harness.ts'
import { payloadCases } from './payloads/cases.ts'
import { PayloadStage } from './payloads/stage.ts'
import { type Suite, tie } from './suite.ts'

/**
 * The cases of a payload store tied to a harness.
 *
 * @example const report = await runSuite(payloadSuite(harness))
 */
export function payloadSuite(harness: PayloadHarness): Suite {
  return tie({
    suite: 'payloads',
    name: harness.name,
    virtual: harness.now !== undefined,
    cases: payloadCases,
    probe: async () => ({}),
    stage: () => new PayloadStage(harness),
    dispose: () => harness.dispose(),
  })
}
