import type { BackendCapabilities, Millis } from '@tq/core/driver'
import { LimitError } from './errors.ts'

/** The longest record detail or state value: an item has 409,600 bytes, of which names and keys take some. */
const maxValueBytes = 400_000

export const dynamodbCapabilities = (heartbeatMs: Millis): BackendCapabilities =>
  Object.freeze({
    durable: true,
    shared: true,
    maxValueBytes,
    // How well the service's clock is known from its answers.
    timeResolutionMs: 1_000,
    heartbeatMs,
  })

/** @throws LimitError */
export function checkLength(value: string, what = 'a value'): void {
  // Bytes are counted only where there may be too many.
  if (value.length * 3 > maxValueBytes && Buffer.byteLength(value) > maxValueBytes) {
    throw new LimitError(`${what} may have ${maxValueBytes} bytes`)
  }
}
