import type { Adapter } from '@tq/core/driver'
import { RedisBackend } from './backend.ts'
import { RedisBroker } from './broker.ts'
import { type RedisAdapterOptions, resolveOptions } from './options.ts'

export type { RedisAdapterOptions } from './options.ts'

/**
 * Broker, results and state on Redis or Valkey.
 *
 * @example createApp({ adapters: [redis({ client: new Redis() })], broker: 'redis:' })
 */
export function redis(options: RedisAdapterOptions = {}): Adapter {
  return {
    name: 'redis',
    schemes: ['redis', 'rediss', 'redis+cluster', 'rediss+cluster', 'redis+sentinel', 'rediss+sentinel'],
    createBroker: (url, context) => new RedisBroker(resolveOptions(url, options), context),
    createBackend: (url, context) => new RedisBackend(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = redis()
