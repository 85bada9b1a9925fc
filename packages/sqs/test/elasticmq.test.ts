import { brokerSuite, runSuite } from '@tq/conformance'
import { describeBroker } from '@tq/conformance/vitest'
import { describe, expect, test } from 'vitest'
import { harness } from './harness.ts'
import { missingElasticMq, startElasticMq } from './services/elasticmq.ts'

const missing = missingElasticMq()
const full = process.env['TQ_TEST_TIER'] === 'full'
// Before the first case: a Java process needs longer to start than a case may take.
const service = missing === undefined ? await startElasticMq() : undefined

describe.skipIf(missing)(`on ElasticMQ${missing ? ` (${missing})` : ''}`, () => {
  if (!service) return
  const elasticMq = () => harness({ name: 'sqs-elasticmq', start: async () => service })
  if (full) return describeBroker(elasticMq())

  test('the heart of the contract holds (all of it in the full tier)', { timeout: 120_000 }, async () => {
    const suite = brokerSuite(elasticMq())
    const heart = /^(publish|bytes|ack|nack|expiry|limits|delay)\//
    const only = suite.cases.map(({ id }) => id).filter((id) => heart.test(id))
    const { failed, passed } = await runSuite(suite, { only, concurrency: 16 })
    await suite.dispose()
    expect(failed).toEqual([])
    expect(passed.length).toBeGreaterThan(30)
  })
})
