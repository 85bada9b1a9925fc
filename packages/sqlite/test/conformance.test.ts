import { describeBackend, describeBroker, describeStore } from '@tq/conformance/vitest'
import { backendHarness, brokerHarness, storeHarness } from './harness.ts'

describeBroker(brokerHarness())
describeBackend(backendHarness())
describeStore(storeHarness())

// The instances of a case on connections of their own, as separate processes have them.
describeBroker(brokerHarness(true))
describeBackend(backendHarness(true))
describeStore(storeHarness(true))
