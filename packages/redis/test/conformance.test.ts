import { describeBackend, describeBroker, describeStore } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { backendHarness, brokerHarness, storeHarness } from './harness.ts'
import { missingRedis } from './services/redis.ts'

const missing = missingRedis()

describe.skipIf(missing)(`redis${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBroker(brokerHarness())
  describeBackend(backendHarness())
  describeStore(storeHarness())
})
