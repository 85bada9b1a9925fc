import type { BackendCapabilities, BrokerCapabilities } from '@tq/core/driver'
import { maxValueBytes } from './records.ts'

export const sqliteCapabilities: BrokerCapabilities = Object.freeze({
  durable: true,
  shared: true,
  lease: 'timed',
  maxLeaseMs: Number.POSITIVE_INFINITY,
  leaseSetting: undefined,
  fencing: 'strict',
  // Ten years. Any delay would fit; longer than this is a mistake.
  maxDelayMs: 10 * 365 * 86_400_000,
  priorityLevels: 10,
  ordering: 'fifo',
  deliveryCount: true,
  maxBodyBytes: 64 * 1_048_576,
  // A call is one step of the event loop: some milliseconds.
  maxBatch: 1_000,
  timeResolutionMs: 10,
})

export const sqliteBackendCapabilities: BackendCapabilities = Object.freeze({
  durable: true,
  shared: true,
  maxValueBytes,
  timeResolutionMs: 10,
})
