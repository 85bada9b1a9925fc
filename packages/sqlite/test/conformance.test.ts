import { describeBackend, describeBroker, describeStore } from '@tq/conformance/vitest'
import { backendHarness, brokerHarness, storeHarness } from './harness.ts'

describeBroker(brokerHarness())
describeBackend(backendHarness())
describeStore(storeHarness())

// Each instance on a connection of its own, as separate processes have them.
describeBroker(brokerHarness(true))
describeBackend(backendHarness(true))
describeStore(storeHarness(true))
