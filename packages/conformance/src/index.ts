export { type BackendOffers, backendSuite } from './backend-suite.ts'
export { type BrokerOffers, brokerSuite } from './broker-suite.ts'
export type { ConformanceCase, Requirement } from './case.ts'
export { expectedCaseIds } from './expected.ts'
export type { BackendHarness, BrokerHarness, HarnessBase, PayloadHarness, StoreHarness } from './harness.ts'
export { payloadSuite } from './payload-suite.ts'
export {
  type CaseOutcome,
  type ConformanceReport,
  missingCases,
  type RunOptions,
  runCase,
  runPatiently,
  runSuite,
  summarise,
} from './run.ts'
export { type StoreOffers, storeSuite } from './store-suite.ts'
export type { Suite, SuiteCase } from './suite.ts'
