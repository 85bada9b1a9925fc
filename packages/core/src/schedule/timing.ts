import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'

/** When a schedule ticks, as plain data: made by `crontab`, `every` and `at`. */
export type Timing =
  | {
      readonly kind: 'crontab'
      /** Five fields, or six with seconds first; checked. */
      readonly expression: string
      /** Both day fields must match, as in Celery; else either, as in crontab(5). Matters only where both are restricted. */
      readonly bothDays: boolean
    }
  | { readonly kind: 'every'; readonly everyMs: Millis }
  | {
      readonly kind: 'at'
      /** Milliseconds since 1970. */
      readonly instant: number
    }

/** More often than this is a loop, not a schedule. */
const shortestMs: Millis = 100

/**
 * Every so often, however the clocks of a time zone are set. Counted from 1970 in UTC, so that all processes and all
 * days agree (`'15m'`: at :00, :15, :30, :45), or from the schedule's `startAt`.
 *
 * @throws TqError `INVALID_SCHEDULE` for less than 100 ms, `INVALID_DURATION`
 * @example app.schedule('clean-up', every('5m'), cleanUp.s())
 */
export function every(interval: Duration): Timing {
  const everyMs = parseDuration(interval, 'every')
  if (everyMs >= shortestMs) return { kind: 'every', everyMs }
  throw invalidSchedule(`every(${String(interval)}): at least ${shortestMs} ms.`)
}

/**
 * Once.
 *
 * @throws TqError `INVALID_SCHEDULE` when it is no date
 * @example app.schedules.upsert('trial-ends', at(user.trialEnds), remind.s({ user: user.id }))
 */
export function at(instant: Date): Timing {
  const time = instant instanceof Date ? instant.getTime() : Number.NaN
  if (!Number.isNaN(time)) return { kind: 'at', instant: time }
  throw invalidSchedule('at(…) takes a valid Date.')
}

/** For people: `crontab 0 1 * * *`, `every 5m`, `at 2026-11-03T01:00:00.000Z`. */
export function describeTiming(timing: Timing): string {
  switch (timing.kind) {
    case 'crontab':
      return `crontab ${timing.expression}${timing.bothDays ? ' (both day fields)' : ''}`
    case 'every':
      return `every ${lengthOf(timing.everyMs)}`
    case 'at':
      return `at ${new Date(timing.instant).toISOString()}`
  }
}

export function invalidSchedule(message: string, details: Record<string, unknown> = {}): TqError {
  return new TqError('INVALID_SCHEDULE', message, { details })
}

const units = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** In the largest unit that divides it. */
function lengthOf(ms: Millis): string {
  const [unit, size] = units.find(([, length]) => ms % length === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
