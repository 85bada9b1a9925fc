import { describeBroker } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { harness } from './harness.ts'
import { missingElasticMq, startElasticMq } from './services/elasticmq.ts'

const missing = missingElasticMq()
// Before the first case: a Java process needs longer to start than a case may take.
const service = missing === undefined ? await startElasticMq() : undefined

describe.skipIf(missing)(`on ElasticMQ${missing ? ` (${missing})` : ''}`, () => {
  if (service) describeBroker(harness({ name: 'sqs-elasticmq', start: async () => service }))
})
