import type { Millis } from '@tq/core/driver'

/** A delay is a binary number of so long a unit; each bit is a queue whose messages expire after it. */
const unitMs: Millis = 50
/** Bits 0 to 14: more than the longest delay. */
export const delayLevels = 15
/** Core keeps longer ones in the backend, or comes back to them. */
export const maxDelayMs: Millis = 15 * 60_000

/** A delay may be rounded up by so much of itself, and never by more than so long. */
const roundedBy = 1 / 20
const roundedMs: Millis = 400

/** Where delayed messages come out: bound to every queue there is. */
export const deliverExchange = 'tq.v1.delay.deliver'

export function delayExchange(level: number): string {
  return `tq.v1.delay.${String(level).padStart(2, '0')}`
}

/** How long a message stays in the queue of a level. */
export function levelMs(level: number): Millis {
  return unitMs * 2 ** level
}

/** What routes a message of a level into its queue, and past it. */
export function levelPatterns(level: number): { readonly wait: string; readonly pass: string } {
  const higher = '*.'.repeat(delayLevels - 1 - level)
  return { wait: `${higher}1.#`, pass: `${higher}0.#` }
}

/** What binds a queue to where delayed messages come out. So many stars: a name is never taken for a part of another. */
export function deliverPattern(amqpQueue: string): string {
  return `${'*.'.repeat(delayLevels)}${amqpQueue}`
}

/**
 * The way of a delayed message. Rounded up to few bits within what a delay may be late anyway: each bit is a hop from
 * queue to queue.
 */
export function delayRoute(
  delayMs: Millis,
  amqpQueue: string,
): { readonly exchange: string; readonly key: string } {
  const exact = Math.max(1, Math.ceil(delayMs / unitMs))
  const room = Math.floor(Math.min(delayMs * roundedBy, roundedMs) / unitMs)
  let units = exact
  for (let step = 2; step <= room; step *= 2) {
    const rounded = Math.ceil(exact / step) * step
    if (rounded - exact <= room) units = rounded
  }
  const bits = units.toString(2)
  const key = `${bits.padStart(delayLevels, '0').split('').join('.')}.${amqpQueue}`
  return { exchange: delayExchange(bits.length - 1), key }
}
