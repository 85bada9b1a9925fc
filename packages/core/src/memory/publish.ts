import type { BrokerCapabilities, OutboundMessage, PublishOutcome } from '../contracts/broker.ts'
import type { MemoryStore } from './store.ts'

export const memoryCapabilities: BrokerCapabilities = Object.freeze({
  durable: false,
  shared: false,
  lease: 'timed',
  maxLeaseMs: Number.POSITIVE_INFINITY,
  fencing: 'strict',
  // Ten years: longer than any process lives.
  maxDelayMs: 10 * 365 * 86_400_000,
  priorityLevels: 10,
  ordering: 'fifo',
  deliveryCount: true,
  maxBodyBytes: 64 * 1_048_576,
  maxBatch: 10_000,
  timeResolutionMs: 1,
})

/** One message and its record, or the reason it is refused. */
export function publish(store: MemoryStore, queue: string, message: OutboundMessage): PublishOutcome {
  const { maxBodyBytes, maxDelayMs } = memoryCapabilities
  if (message.body.byteLength > maxBodyBytes)
    return { rejected: 'limit', reason: `a body may have ${maxBodyBytes} bytes` }
  if ((message.delayMs ?? 0) > maxDelayMs)
    return { rejected: 'limit', reason: `a delay may be ${maxDelayMs} ms` }
  const { record } = message
  if (record) {
    const known = store.mark(record.id)
    const before =
      known &&
      (known.generation > record.generation ||
        (known.generation === record.generation && known.attempt >= record.attempt))
    if (before) return 'accepted'
    store.put(record)
  }
  store.queue(queue).add(message)
  return 'accepted'
}
