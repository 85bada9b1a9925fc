import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'

/** What a limit counts together. */
interface LimitScope<Input> {
  /** Tasks with a limit of this name share it. @default the task's own name */
  readonly name?: string
  /** Each key has a limit of its own. @example (input) => input.tenant */
  readonly key?: (input: Input) => string
}

/** At most so many starts in a time, on all workers together: `'100/m'`, per `s`, `m`, `h` or `d`; or with a key. */
export type RateLimit<Input> =
  | `${number}/${'s' | 'm' | 'h' | 'd'}`
  | ({ readonly limit: number; readonly per: Duration } & LimitScope<Input>)

/** At most so many running at once, on all workers together; or with a key. */
export type ConcurrencyLimit<Input> = number | ({ readonly limit: number } & LimitScope<Input>)

/** A limit with every default filled in. */
export interface Limit {
  readonly limit: number
  /** Of one task: what is counted together. */
  readonly keyOf: (input: unknown) => string
  /** Each key has a limit of its own. */
  readonly perKey: boolean
}

export interface RatePolicy extends Limit {
  readonly windowMs: Millis
}

const units = { s: '1s', m: '1m', h: '1h', d: '1d' } as const

/** @throws TqError `INVALID_OPTION`, `INVALID_DURATION` */
export function resolveRate(
  rate: RateLimit<never> | undefined,
  task: string,
  what: string,
): RatePolicy | undefined {
  if (rate === undefined) return undefined
  const { limit, per, ...scope } = typeof rate === 'string' ? parseRate(rate, what) : rate
  checkKnown(scope, scopeNames, `${what}: rateLimit`)
  const windowMs = parseDuration(per, `${what}: rateLimit.per`)
  if (windowMs < 1) throw new TqError('INVALID_OPTION', `${what}: rateLimit.per has to be at least 1 ms.`)
  return { ...resolve(limit, scope, task, `${what}: rateLimit`), windowMs }
}

/** @throws TqError `INVALID_OPTION` */
export function resolveConcurrency(
  concurrency: ConcurrencyLimit<never> | undefined,
  task: string,
  what: string,
): Limit | undefined {
  if (concurrency === undefined) return undefined
  const { limit, ...scope } = typeof concurrency === 'number' ? { limit: concurrency } : concurrency
  checkKnown(scope, scopeNames, `${what}: concurrency`)
  return resolve(limit, scope, task, `${what}: concurrency`)
}

const scopeNames: ReadonlySet<string> = new Set(['name', 'key'])

function resolve(limit: number, { name, key }: LimitScope<never>, task: string, what: string): Limit {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new TqError(
      'INVALID_OPTION',
      `${what}: limit ${String(limit)} is not a whole number of at least 1.`,
    )
  const shared = name ?? task
  const of = key as ((input: unknown) => string) | undefined
  return { limit, keyOf: of ? (input) => `${shared}:${of(input)}` : () => shared, perKey: of !== undefined }
}

function parseRate(text: string, what: string) {
  const match = /^(\d+)\/(s|m|h|d)$/.exec(text)
  if (match) return { limit: Number(match[1]), per: units[match[2] as keyof typeof units] }
  throw new TqError(
    'INVALID_OPTION',
    `${what}: rateLimit '${text.slice(0, 60)}' is not a rate. Write a number per s, m, h or d, such as '100/m', or { limit, per, key }.`,
  )
}
