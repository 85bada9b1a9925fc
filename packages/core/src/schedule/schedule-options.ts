import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { invalidSchedule, type Timing } from './timing.ts'

/**
 * What becomes of ticks that nobody sent within a minute of their time, because no beat ran or the services were away.
 * `skip`: nothing. `latest`: the last of them is sent, once. `all`: each is sent, the last 1,000 at the most.
 */
export type Missed = 'skip' | 'latest' | 'all'

/**
 * What happens at a tick when what the tick before sent has not ended. `allow`: it is sent all the same. `skip`: it is
 * not sent. `queue`: it is sent when the one before has ended; up to 1,000 wait.
 */
export type Overlap = 'skip' | 'queue' | 'allow'

export interface ScheduleOptions {
  /** Of crontabs: an IANA name. @default the app's timeZone */
  readonly timeZone?: string
  /** @default 'latest' */
  readonly missed?: Missed
  /** `skip` and `queue` need a backend. @default 'allow' */
  readonly overlap?: Overlap
  /** Sent up to this much later, by an amount that is fixed for each tick. Keeps many schedules from the same second. @default 0 */
  readonly jitter?: Duration
  /** No tick before this; intervals are counted from it. */
  readonly startAt?: Date
  /** No tick after this. */
  readonly endAt?: Date
  /** Whether it ticks at all: part of the code, unlike pausing. @default true */
  readonly enabled?: boolean
}

/** The same with every default filled in; instants in milliseconds since 1970. */
export interface ScheduleRules {
  readonly timing: Timing
  readonly timeZone: string
  readonly missed: Missed
  readonly overlap: Overlap
  readonly jitterMs: Millis
  readonly startAt?: number
  readonly endAt?: number
  readonly enabled: boolean
}

const known: ReadonlySet<string> = new Set<string>([
  'timeZone',
  'missed',
  'overlap',
  'jitter',
  'startAt',
  'endAt',
  'enabled',
] satisfies (keyof ScheduleOptions)[])

/** Part of every tick's task id, so of few characters. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,119}$/

/** @throws TqError `INVALID_NAME` */
export function checkScheduleName(name: string): string {
  if (typeof name === 'string' && namePattern.test(name)) return name
  throw new TqError(
    'INVALID_NAME',
    `${JSON.stringify(String(name).slice(0, 60))} is not a schedule name: use 1 to 120 letters, digits or any of "_ . : / -", starting with a letter, digit or "_".`,
    { details: { kind: 'schedule name' } },
  )
}

/** @throws TqError `INVALID_SCHEDULE`, `INVALID_OPTION`, `INVALID_DURATION` */
export function resolveScheduleRules(
  name: string,
  timing: Timing,
  options: ScheduleOptions,
  defaultTimeZone: string,
): ScheduleRules {
  const what = `schedule '${name}'`
  checkKnown(options, known, what)
  if (!['crontab', 'every', 'at'].includes((timing as Partial<Timing> | undefined)?.kind ?? ''))
    throw invalidSchedule(`${what}: when? Write crontab({ … }), every('5m') or at(date).`)
  const startAt = instantOf(options.startAt, `${what}: startAt`)
  const endAt = instantOf(options.endAt, `${what}: endAt`)
  if (startAt !== undefined && endAt !== undefined && startAt > endAt)
    throw invalidSchedule(`${what}: startAt is after endAt.`)
  return {
    timing,
    timeZone: zoneOf(options.timeZone ?? defaultTimeZone, what),
    missed: oneOf(options.missed ?? 'latest', ['skip', 'latest', 'all'], `${what}: missed`),
    overlap: oneOf(options.overlap ?? 'allow', ['skip', 'queue', 'allow'], `${what}: overlap`),
    jitterMs: parseDuration(options.jitter ?? 0, `${what}: jitter`),
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
    enabled: options.enabled ?? true,
  }
}

function instantOf(date: Date | undefined, what: string): number | undefined {
  if (date === undefined) return undefined
  const time = date instanceof Date ? date.getTime() : Number.NaN
  if (!Number.isNaN(time)) return time
  throw invalidSchedule(`${what} is not a valid Date.`)
}

function zoneOf(name: string, what: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    throw invalidSchedule(
      `${what}: timeZone '${name}' is not a time zone. Use an IANA name such as 'Asia/Shanghai'.`,
    )
  }
}

function oneOf<T extends string>(value: T, allowed: readonly T[], what: string): T {
  if (allowed.includes(value)) return value
  throw invalidSchedule(
    `${what} '${String(value)}' is not one of ${allowed.map((one) => `'${one}'`).join(', ')}.`,
  )
}
