import type { Adapter } from '@tq/core/driver'
import { DynamodbBackend } from './backend.ts'
import { type DynamodbOptions, resolveOptions } from './options.ts'

export type { DynamodbOptions } from './options.ts'

/**
 * Results and state on Amazon DynamoDB.
 *
 * @example createApp({ broker: 'sqs://eu-central-1/app', backend: 'dynamodb://eu-central-1/tq' })
 */
export function dynamodb(options: DynamodbOptions = {}): Adapter {
  return {
    name: 'dynamodb',
    schemes: ['dynamodb'],
    createBackend: (url, context) => new DynamodbBackend(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = dynamodb()
