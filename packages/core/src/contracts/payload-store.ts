import type { BrokerErrorCode } from './broker.ts'
import type { Millis } from './time.ts'

/** A payload by its key, and how long it is. */
export interface PayloadName {
  /** Printable ASCII without spaces, at most 700 characters; `/` in it may make folders. */
  readonly key: string
  readonly bytes: number
}

/** A payload to be kept. */
export interface KeptPayload extends PayloadName {
  readonly body: Uint8Array
  /** It may be gone this long after it was put, never earlier. A net for what nobody deletes. */
  readonly ttlMs: Millis
}

/**
 * Keeps what is too large for a message or a record: an object store. Bytes in, bytes out; it never parses them. A driver
 * as thin as a broker's: it does not retry, log or wrap errors.
 */
export interface PayloadStore {
  /** For people, and in every message that refers to it: the same in all processes of an app. */
  readonly name: string
  /** The longest payload. */
  readonly maxBytes: number
  /** Idempotent. Rejects when the service cannot be reached. */
  open(): Promise<void>
  /** Resolves when all of them are as durable as the service can. The same key again replaces. */
  put(payloads: readonly KeptPayload[]): Promise<void>
  /** In order; undefined where there is none. Sees every put that was answered before. */
  get(names: readonly PayloadName[]): Promise<readonly (Uint8Array | undefined)[]>
  /** Those that are not there are no error. */
  delete(names: readonly PayloadName[]): Promise<void>
  classify(error: unknown): BrokerErrorCode
  /** Idempotent. */
  close(): Promise<void>
}
