import type { BrokerCapabilities, Millis } from '@tq/core/driver'
import { maxDelayMs } from './delays.ts'
import { bandNames } from './names.ts'

/** What a server takes unless told otherwise: `max_message_size` of RabbitMQ 4. */
export const maxBodyBytes = 16 * 1_048_576

/** @param maxLeaseMs the server's `consumer_timeout`, which AMQP cannot tell */
export function rabbitCapabilities(maxLeaseMs: Millis): BrokerCapabilities {
  return Object.freeze({
    durable: true,
    shared: true,
    lease: 'connection',
    maxLeaseMs,
    leaseSetting: "the server's consumer_timeout, and say so in the URL (?consumerTimeout=2h)",
    // An acknowledgement has no answer.
    fencing: 'advisory',
    maxDelayMs,
    priorityLevels: bandNames.length,
    ordering: 'none',
    deliveryCount: true,
    maxBodyBytes,
    maxBatch: 1_000,
    // A delay is rounded up to 50 ms, and takes some ms more from level to level.
    timeResolutionMs: 100,
  })
}
