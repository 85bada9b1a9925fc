import type { BackendCapabilities } from '../contracts/backend.ts'
import type {
  BrokerCapabilities,
  BrokerErrorCode,
  OutboundMessage,
  PublishOutcome,
} from '../contracts/broker.ts'

export const brokerCapabilities: BrokerCapabilities = Object.freeze({
  durable: false,
  shared: false,
  lease: 'timed',
  maxLeaseMs: Number.POSITIVE_INFINITY,
  leaseSetting: undefined,
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

export const backendCapabilities: BackendCapabilities = Object.freeze({
  durable: false,
  shared: false,
  maxValueBytes: 64 * 1_048_576,
  timeResolutionMs: 1,
})

/** What a service would answer; `code` is what `classify` says of it. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError'
  readonly code: BrokerErrorCode

  constructor(code: BrokerErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export function closedError(): MemoryError {
  return new MemoryError('closed', 'the memory service was closed')
}

export function classify(error: unknown): BrokerErrorCode {
  return error instanceof MemoryError ? error.code : 'unknown'
}

/** Why a message is not accepted; undefined when it is. */
export function refusalOf({ body, delayMs = 0, record }: OutboundMessage): PublishOutcome | undefined {
  const { maxBodyBytes, maxDelayMs } = brokerCapabilities
  if (body.byteLength > maxBodyBytes) return tooMuch(`a body has at most ${maxBodyBytes} bytes`)
  if (delayMs > maxDelayMs) return tooMuch(`a delay is at most ${maxDelayMs} ms`)
  if (record && isTooLong(record.detail)) return tooMuch(valueLimit)
  return undefined
}

/** @throws MemoryError `limit` for text that is too long to be kept */
export function checkValue(text: string): void {
  if (isTooLong(text)) throw new MemoryError('limit', valueLimit)
}

const valueLimit = `a value has at most ${backendCapabilities.maxValueBytes} bytes`

function isTooLong(text: string): boolean {
  const { maxValueBytes } = backendCapabilities
  // One character is at most three bytes: hardly any text has to be measured.
  return 3 * text.length > maxValueBytes && Buffer.byteLength(text) > maxValueBytes
}

function tooMuch(reason: string): PublishOutcome {
  return { rejected: 'limit', reason }
}
