import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { type IsSecret, secretsBy } from './redact.ts'

/** What is kept of tasks for people to look at, besides state, times, worker, result and error. */
export interface HistoryOptions {
  /**
   * How long a task that has ended is listed. Longer than its result is kept takes more room; shorter changes nothing.
   * @default as long as its result is kept (`resultExpires`)
   */
  readonly expires?: Duration
  /** Of tasks that are kept longer than their results, no more than the latest so many. @default 1,000,000 */
  readonly keep?: number
  /** `redacted`: a short form of the input, secrets left out by their names. `off`: nothing of it. @default 'redacted' */
  readonly args?: 'redacted' | 'off'
  /** Keep what handlers write to `ctx.log` with the task: the last 100 lines of a run. @default true */
  readonly logs?: boolean
  /** Names, or parts of names, whose values are secrets, besides those like `password`, `token` and `authorization`. */
  readonly redact?: readonly string[]
}

/** The same with every default filled in. */
export interface ResolvedHistory {
  /** 0: no longer than results. */
  readonly expiresMs: Millis
  readonly keep: number
  readonly args: boolean
  readonly logs: boolean
  readonly isSecret: IsSecret
}

const names = new Set<string>([
  'expires',
  'keep',
  'args',
  'logs',
  'redact',
] satisfies (keyof HistoryOptions)[])

/** @param given false keeps nothing beyond what results need. @throws TqError `INVALID_OPTION`, `INVALID_DURATION` */
export function resolveHistory(given: HistoryOptions | false | undefined): ResolvedHistory {
  const options: HistoryOptions = given === false ? { args: 'off', logs: false } : (given ?? {})
  checkKnown(options, names, 'createApp({ history })')
  const { args = 'redacted', keep = 1_000_000, expires, logs = true, redact = [] } = options
  if (args !== 'redacted' && args !== 'off') {
    throw new TqError('INVALID_OPTION', `history.args '${String(args)}' is not one of 'redacted', 'off'.`)
  }
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new TqError('INVALID_OPTION', `history.keep ${String(keep)} is not a whole number of at least 1.`)
  }
  return Object.freeze({
    expiresMs: expires === undefined ? 0 : parseDuration(expires, 'history.expires'),
    keep,
    args: args === 'redacted',
    logs,
    isSecret: secretsBy(redact),
  })
}
