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

const lengths: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration that the command line itself needs; all others are read by core. */
export function milliseconds(text: string, name: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  if (amount !== undefined) return Number(amount) * (lengths[unit] ?? 1)
  throw usageError(`--${name} '${text}' is not a duration. Write text such as '250ms', '30s', '5m'.`)
}

/** Names without the weights that workers give them. */
export function queueNames(queues: readonly string[]): readonly string[] {
  return queues.map((text) => text.replace(/:.*$/, ''))
}
