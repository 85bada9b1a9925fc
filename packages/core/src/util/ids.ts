import { randomUUID } from 'node:crypto'
import type { Clock } from '../contracts/time.ts'

/** A UUID version 7: sorts by the time it was made. */
export function newId(clock: Clock): string {
  const time = clock.now().toString(16).padStart(12, '0')
  // The random part of a version 4 id, its version digit replaced by 7.
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${randomUUID().slice(15)}`
}
