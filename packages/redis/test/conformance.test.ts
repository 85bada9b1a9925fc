import { describeBackend, describeBroker, describeStore } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { missingRedis } from '../../../test/services/redis.ts'
import { backendHarness, brokerHarness, storeHarness } from './harness.ts'

const missing = missingRedis()

describe.skipIf(missing)(`redis${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBroker(brokerHarness())
  describeBroker(brokerHarness('redis, idle workers', undefined, true))
  describeBackend(backendHarness())
  describeStore(storeHarness())
})
