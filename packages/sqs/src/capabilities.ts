import type { BrokerCapabilities, Millis } from '@tq/core/driver'

/** The most entries of a batch call, and messages of a receive. */
export const batchSize = 10
/** The most bytes of a message, and of all messages of a call: bodies and attributes. */
export const messageBytes = 1_048_576
/** Of these, what is kept for everything that is not the body. */
const reservedBytes = 65_536
/** The longest delay of a message. */
export const maxDelayMs: Millis = 900_000
/** SQS takes a message back so long after its receive, whatever is done. */
const visibilityEndMs: Millis = 12 * 3_600_000
/** Leases end so much earlier, so that nothing is settled at the last moment. */
export const maxLeaseMs: Millis = visibilityEndMs - 60_000

/** @param levels bands of priorities */
export function capabilitiesOf(options: {
  readonly fifo: boolean
  readonly levels: 1 | 3
  readonly maxMessageBytes: number
}): BrokerCapabilities {
  return Object.freeze({
    durable: true,
    shared: true,
    lease: 'timed',
    maxLeaseMs,
    leaseSetting: undefined,
    fencing: 'advisory',
    // A FIFO queue delays no single message: core parks what is delayed in the backend.
    maxDelayMs: options.fifo ? 1 : maxDelayMs,
    priorityLevels: options.levels,
    ordering: options.fifo ? 'fifo' : 'none',
    // What is given back on a FIFO queue keeps its place, and SQS counts that as a receive.
    deliveryCount: !options.fifo,
    // Any bytes: base64 makes four of three.
    maxBodyBytes: Math.floor(((options.maxMessageBytes - reservedFor(options.maxMessageBytes)) / 4) * 3),
    maxBatch: batchSize,
    timeResolutionMs: 1_000,
  })
}

function reservedFor(maxMessageBytes: number): number {
  return Math.min(reservedBytes, Math.floor(maxMessageBytes / 4))
}
