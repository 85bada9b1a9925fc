import { describeBackend, describeBroker } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { missingRedis } from '../../../test/services/redis.ts'
import { backendHarness, brokerHarness } from './harness.ts'
import { startCluster } from './services/cluster.ts'

const missing =
  missingRedis() ?? (process.env['TQ_TEST_TIER'] === 'full' ? undefined : 'only in the full tier')

describe.skipIf(missing)(`redis cluster${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBroker(brokerHarness('redis-cluster', startCluster))
  describeBroker(brokerHarness('redis-cluster, idle workers', startCluster, true))
  describeBackend(backendHarness('redis-cluster', startCluster))
})
