import type { Adapter } from '@tq/core/driver'
import { RabbitBroker } from './broker.ts'
import { type RabbitAdapterOptions, resolveOptions } from './options.ts'

export type { RabbitAdapterOptions } from './options.ts'

/**
 * Queues on RabbitMQ. Results and state come from any backend.
 *
 * @example createApp({ adapters: [rabbitmq({ socket: { ca } })], broker: 'amqps://rabbit', backend: 'redis://redis' })
 */
export function rabbitmq(options: RabbitAdapterOptions = {}): Adapter {
  return {
    name: 'rabbitmq',
    schemes: ['amqp', 'amqps'],
    createBroker: (url, context) => new RabbitBroker(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = rabbitmq()
