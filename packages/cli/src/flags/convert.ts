import { type Duration, parseDuration } from '@tq/core/driver'
import { usageError } from '../output/command-error.ts'

/** @throws CommandError when it is not a whole number of at least `least`. */
export function wholeNumber(text: string | undefined, name: string, least = 1): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
  throw usageError(`--${name} '${text}' is not a whole number of at least ${least}.`)
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 }

/** Bytes of `512mb`, `2GB`, `1048576`. */
export function bytes(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?b?)$/i.exec(text.trim()) ?? []
  const factor = units[unit.toLowerCase()] ?? units[`${unit.toLowerCase()}b`]
  if (amount !== '' && factor !== undefined && Number(amount) > 0) return Math.round(Number(amount) * factor)
  throw usageError(`--${name} '${text}' is not a size. Write bytes, or text such as '512mb', '2gb'.`)
}

/** @param name What said it, as it is written. @throws CommandError when core would not take it as a duration */
export function milliseconds(text: string, name: string): number {
  try {
    return parseDuration(text as Duration, name)
  } catch {
    // Not core's own words: it takes numbers, too.
    throw usageError(
      `${name} '${text}' is not a duration. Write text such as '250ms', '30s', '5m', '1.5h', '2d', '3w'.`,
    )
  }
}

/** @throws CommandError when it is not a port; 0 takes a free one */
export function port(text: string | undefined, name: string): number | undefined {
  const value = wholeNumber(text, name, 0)
  if (value === undefined || value <= 65_535) return value
  throw usageError(`--${name} '${text}' is not a port: 0 to 65535.`)
}

/** Names without the weights that workers give them. */
export function queueNames(queues: readonly string[]): readonly string[] {
  return queues.map((text) => text.replace(/:.*$/, ''))
}
