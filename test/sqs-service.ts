// One SQS for all tests here: fauxqs, or what TQ_TEST_SQS names. On a bad day it does what SQS may do to anybody.
import type { TestProject } from 'vitest/node'
import { missingElasticMq, startElasticMq } from '../packages/sqs/test/services/elasticmq.ts'
import { startSqs } from '../packages/sqs/test/services/fauxqs.ts'
import { startOwnSqs } from '../packages/sqs/test/services/own.ts'
import type { TestSqs } from '../packages/sqs/test/services/test-sqs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly sqs: {
      readonly endpoint: string
      readonly missing?: string
      /** It does all that SQS may do, and often. */
      readonly unruly: boolean
      /** It is slower than SQS: with a hundred thousand tasks at once it is tried, and nothing else gets an answer. */
      readonly slow: boolean
    }
  }
}

const services: Readonly<Record<string, () => Promise<TestSqs>>> = {
  fauxqs: startSqs,
  elasticmq: startElasticMq,
  own: startOwnSqs,
  'bad-day': () => startOwnSqs({ duplicates: 0.1, reordered: 0.5, throttled: 0.05, partialBatches: 0.02 }),
}

let service: TestSqs | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const name = process.env['TQ_TEST_SQS'] ?? 'fauxqs'
  const start = services[name]
  if (!start) throw new Error(`TQ_TEST_SQS=${name}: there are ${Object.keys(services).join(', ')}`)
  const missing = name === 'elasticmq' ? missingElasticMq() : undefined
  if (missing === undefined) service = await start()
  provide('sqs', {
    endpoint: service?.endpoint ?? 'http://none.invalid',
    unruly: name === 'bad-day',
    slow: name === 'elasticmq' || name === 'bad-day',
    ...(missing === undefined ? {} : { missing }),
  })
}

export async function teardown(): Promise<void> {
  await service?.stop()
}
