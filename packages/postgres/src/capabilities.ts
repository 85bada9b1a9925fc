import type { BackendCapabilities } from '@tq/core/driver'
import { LimitError } from './errors.ts'

/** The longest record detail or state value. PostgreSQL takes more; a database is no place for it. */
const maxValueBytes = 16 * 1_048_576

export const postgresCapabilities: BackendCapabilities = Object.freeze({
  durable: true,
  shared: true,
  maxValueBytes,
  timeResolutionMs: 10,
})

/** @throws LimitError */
export function checkLength(value: string, what = 'a value'): void {
  // Bytes are counted only where there may be too many.
  if (value.length * 3 > maxValueBytes && Buffer.byteLength(value) > maxValueBytes) {
    throw new LimitError(`${what} may have ${maxValueBytes} bytes`)
  }
}
