import type { Priority } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration, parseOptionalDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { checkQueueName } from '../options/names.ts'
import { type Limit, type RatePolicy, resolveConcurrency, resolveRate } from './limits.ts'
import type { RetryOptions, TaskSettings } from './task-options.ts'

/** A task's backoff with every default filled in. */
export interface Backoff {
  readonly type: 'fixed' | 'exponential'
  readonly baseMs: Millis
  readonly maxMs: Millis
  readonly jitter: boolean
}

/** A task's retry settings with every default filled in. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly backoff: Backoff
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | undefined
}

/** A task's settings with every default filled in, durations in milliseconds. Frozen. */
export interface TaskPolicy {
  /** Undefined: the app's routes or its default queue decide. */
  readonly queue: string | undefined
  readonly priority: Priority | undefined
  readonly retry: RetryPolicy
  readonly softLimitMs: Millis | undefined
  readonly limitMs: Millis | undefined
  readonly isolate: 'inline' | 'process'
  readonly successTtlMs: Millis
  readonly failureTtlMs: Millis
  readonly ignoreResult: boolean
  readonly acknowledge: 'after' | 'before'
  readonly maxCrashes: number
  readonly rate: RatePolicy | undefined
  readonly concurrency: Limit | undefined
}

const knownSettings = new Set([
  'queue',
  'priority',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'isolate',
  'resultExpires',
  'ignoreResult',
  'acknowledge',
  'maxCrashes',
  'rateLimit',
  'concurrency',
])

const retryNames: ReadonlySet<string> = new Set(['maxRetries', 'backoff', 'retryIf'])
const backoffNames: ReadonlySet<string> = new Set(['type', 'base', 'max', 'jitter'])

/** The names of all settings, for checks of unknown options. */
export const taskSettingNames: ReadonlySet<string> = knownSettings

/**
 * Settings of the task over those of the app, checked.
 *
 * @param what Whose they are: `task 'add'`, `createApp({ defaults })`.
 * @param name Of the task.
 * @throws TqError `INVALID_OPTION`, `INVALID_DURATION`, `INVALID_NAME`
 */
export function resolveTaskPolicy(
  own: TaskSettings,
  defaults: TaskSettings,
  what: string,
  name = what,
): TaskPolicy {
  const set = { ...defaults, ...own }
  const softLimitMs = parseOptionalDuration(set.softTimeLimit, `${what}: softTimeLimit`)
  const limitMs = parseOptionalDuration(set.timeLimit, `${what}: timeLimit`)
  if (softLimitMs !== undefined && limitMs !== undefined && softLimitMs >= limitMs) {
    throw invalid(what, `softTimeLimit (${softLimitMs} ms) must be shorter than timeLimit (${limitMs} ms)`)
  }
  const expires = set.resultExpires ?? '1d'
  const each = typeof expires === 'object' ? expires : { success: expires, failure: expires }
  return Object.freeze({
    queue: set.queue === undefined ? undefined : checkQueueName(set.queue),
    priority: set.priority === undefined ? undefined : checkPriority(set.priority, what),
    retry: resolveRetry({ ...defaults.retry, ...own.retry }, what),
    softLimitMs,
    limitMs,
    isolate: oneOf(set.isolate ?? 'inline', ['inline', 'process'], what, 'isolate'),
    successTtlMs: parseDuration(each.success ?? '1d', `${what}: resultExpires`),
    failureTtlMs: parseDuration(each.failure ?? '1d', `${what}: resultExpires`),
    ignoreResult: set.ignoreResult ?? false,
    acknowledge: oneOf(set.acknowledge ?? 'after', ['after', 'before'], what, 'acknowledge'),
    maxCrashes: checkCount(set.maxCrashes ?? 3, 1, what, 'maxCrashes'),
    rate: resolveRate(set.rateLimit, name, what),
    concurrency: resolveConcurrency(set.concurrency, name, what),
  })
}

/** @throws TqError `INVALID_OPTION` unless it is one of 0 … 9. */
export function checkPriority(value: number, what: string): Priority {
  if (Number.isInteger(value) && value >= 0 && value <= 9) return value as Priority
  throw invalid(what, `priority ${String(value)} is not a whole number from 0 (last) to 9 (first)`)
}

function resolveRetry(options: RetryOptions, what: string): RetryPolicy {
  const backoff = asBackoff(options.backoff)
  checkKnown(options, retryNames, `${what}: retry`)
  checkKnown(backoff, backoffNames, `${what}: retry.backoff`)
  return Object.freeze({
    maxRetries: checkCount(options.maxRetries ?? 3, 0, what, 'retry.maxRetries'),
    backoff: Object.freeze({
      type: oneOf(backoff.type ?? 'exponential', ['fixed', 'exponential'], what, 'retry.backoff.type'),
      baseMs: parseDuration(backoff.base ?? '1s', `${what}: retry.backoff.base`),
      maxMs: parseDuration(backoff.max ?? '10m', `${what}: retry.backoff.max`),
      jitter: backoff.jitter ?? true,
    }),
    retryIf: options.retryIf,
  })
}

function asBackoff(backoff: RetryOptions['backoff']): Exclude<RetryOptions['backoff'], Duration | undefined> {
  if (typeof backoff === 'object') return backoff
  return backoff === undefined ? {} : { type: 'fixed', base: backoff, jitter: false }
}

function checkCount(value: number, least: number, what: string, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(what, `${name} ${String(value)} is not a whole number of at least ${least}`)
}

function oneOf<T extends string>(value: T, allowed: readonly T[], what: string, name: string): T {
  if (allowed.includes(value)) return value
  throw invalid(
    what,
    `${name} '${String(value)}' is not one of ${allowed.map((one) => `'${one}'`).join(', ')}`,
  )
}

function invalid(what: string, problem: string): TqError {
  return new TqError('INVALID_OPTION', `${what}: ${problem}.`)
}
