import { TqError } from '../errors/tq-error.ts'

/** Bytes as a number, or text: `'64kb'`, `'1.5mb'`. A kilobyte has 1,024 bytes. */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`

const units: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 }

/** In bytes, at least 1. @throws TqError `INVALID_OPTION` that names `what`. */
export function parseSize(size: Size, what: string): number {
  const [, number, unit = 'b'] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(String(size)) ?? []
  const bytes = Math.floor(Number(number) * (units[unit.toLowerCase()] ?? Number.NaN))
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes
  throw new TqError(
    'INVALID_OPTION',
    `${what}: '${String(size).slice(0, 60)}' is not a size. Write bytes, or a text such as '64kb' or '10mb'.`,
  )
}
