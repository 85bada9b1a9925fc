import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'

const unitMillis = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

type Unit = keyof typeof unitMillis

/** A length of time: milliseconds as a number, or text such as `'250ms'`, `'30s'`, `'5m'`, `'1.5h'`, `'2d'`, `'3w'`. */
export type Duration = number | `${number}${Unit}`

/** The longest duration we take, 100 years: beyond it, dates stop being dates. */
const longest = 100 * 365 * unitMillis.d

/**
 * Milliseconds of a duration.
 *
 * @param name What the duration is for, as the caller knows it; part of the error.
 * @throws TqError `INVALID_DURATION` for anything that is not a non-negative, finite duration.
 * @example parseDuration('1.5h', 'timeLimit') // 5400000
 */
export function parseDuration(value: Duration, name: string): Millis {
  const millis = typeof value === 'number' ? value : parseText(value)
  if (millis === undefined || !(millis >= 0 && millis <= longest)) {
    throw new TqError(
      'INVALID_DURATION',
      `${name}: ${describe(value)} is not a duration. Write milliseconds as a number, or text such as '250ms', '30s', '5m', '1.5h', '2d', '3w' (at most 100 years).`,
      { details: { name } },
    )
  }
  return Math.round(millis)
}

/** As {@link parseDuration}, but leaves undefined undefined. */
export function parseOptionalDuration(value: Duration | undefined, name: string): Millis | undefined {
  return value === undefined ? undefined : parseDuration(value, name)
}

function parseText(text: unknown): Millis | undefined {
  if (typeof text !== 'string') return undefined
  const match = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d|w)$/.exec(text.trim())
  return match ? Number(match[1]) * unitMillis[match[2] as Unit] : undefined
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 60)}'` : String(value)
}
