import { randomFillSync, randomInt } from 'node:crypto'
import type { Clock } from '../contracts/time.ts'

/** Randomness is fetched for many ids at once. */
const pool = Buffer.alloc(4_096)
const perId = 8
let used = pool.length

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const digit = (at: number, and = 0xff, or = 0): string => hex[((pool[at] ?? 0) & and) | or] ?? ''

/**
 * Ids made within a quarter of a second have the same digits after their version, up to so many: a store can keep
 * together what was made together. The 62 bits after that make them unique.
 */
const mostAlike = 32
let alike = mostAlike
let lastQuarter = -1
let lastMs = -1
let digits = ''
let start = ''

/** A UUID version 7: sorts by the time it was made. */
export function newId(clock: Clock): string {
  if (used + perId > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += perId
  const ms = Math.floor(clock.now())
  if (ms !== lastMs || alike === mostAlike) begin(ms)
  alike++
  const middle = digit(at, 0x3f, 0x80) + digit(at + 1)
  const end = digit(at + 2) + digit(at + 3) + digit(at + 4) + digit(at + 5) + digit(at + 6) + digit(at + 7)
  return `${start}${middle}-${end}`
}

/** What all ids of this millisecond begin with. */
function begin(ms: number): void {
  const quarter = Math.floor(ms / 256)
  if (quarter !== lastQuarter || alike === mostAlike) {
    digits = randomInt(0x1000).toString(16).padStart(3, '0')
    alike = 0
    lastQuarter = quarter
  }
  lastMs = ms
  const time = ms.toString(16).padStart(12, '0')
  start = `${time.slice(0, 8)}-${time.slice(8, 12)}-7${digits}-`
}
