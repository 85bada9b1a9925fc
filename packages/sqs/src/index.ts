import type { Adapter } from '@tq/core/driver'
import { SqsBroker } from './broker.ts'
import { resolveOptions, type SqsAdapterOptions } from './options.ts'

export type { SqsAdapterOptions } from './options.ts'

/**
 * A broker on Amazon SQS. Results and state are kept by a backend of another kind.
 *
 * @example createApp({ adapters: [sqs({ createQueues: true })], broker: 'sqs://eu-central-1/shop', backend: 'redis:' })
 */
export function sqs(options: SqsAdapterOptions = {}): Adapter {
  return {
    name: 'sqs',
    schemes: ['sqs'],
    createBroker: (url, context) => new SqsBroker(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = sqs()
