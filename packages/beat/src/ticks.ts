import type { ScheduleRules, Timing } from '@tq/core'
import { Cron } from 'croner'

/** Forward steps that are tried before going backward from the end: one or two are the rule. */
const fewSteps = 16

type Crontab = Extract<Timing, { kind: 'crontab' }>

/** The first ticks after an instant, at most so many, in order. */
export function nextTicks(rules: ScheduleRules, after: number, count: number): readonly number[] {
  const { timing, startAt = Number.NEGATIVE_INFINITY, endAt = Number.POSITIVE_INFINITY } = rules
  // A tick at startAt counts.
  const from = Math.max(after, startAt - 1)
  return forward(rules, timing, from, count).filter((tick) => tick <= endAt)
}

/** The last ticks of (after, until], at most so many, in order. */
export function ticksBetween(
  rules: ScheduleRules,
  after: number,
  until: number,
  most: number,
): readonly number[] {
  const few = nextTicks(rules, after, fewSteps).filter((tick) => tick <= until)
  if (few.length < fewSteps) return few.slice(-most)
  const { timing, startAt = Number.NEGATIVE_INFINITY, endAt = Number.POSITIVE_INFINITY } = rules
  const from = Math.max(after, startAt - 1)
  return backward(rules, timing, Math.min(until, endAt), most).filter((tick) => tick > from)
}

function forward(rules: ScheduleRules, timing: Timing, from: number, count: number): readonly number[] {
  switch (timing.kind) {
    case 'at':
      return timing.instant > from ? [timing.instant] : []
    case 'every': {
      const first = phaseOf(rules, timing.everyMs, Math.floor(from)) + timing.everyMs
      return Array.from({ length: count }, (_, step) => first + step * timing.everyMs)
    }
    case 'crontab':
      return cronOf(timing, rules.timeZone)
        .nextRuns(count, new Date(Math.max(from, firstDate)))
        .map((date) => date.getTime())
  }
}

function backward(rules: ScheduleRules, timing: Timing, until: number, count: number): readonly number[] {
  switch (timing.kind) {
    case 'at':
      return timing.instant <= until ? [timing.instant] : []
    case 'every': {
      const last = phaseOf(rules, timing.everyMs, Math.floor(until))
      return Array.from({ length: count }, (_, step) => last - (count - 1 - step) * timing.everyMs)
    }
    case 'crontab': {
      // Croner goes by whole seconds, and leaves out the one it starts from.
      const beyond = Math.floor(until / 1_000) * 1_000 + 1_000
      const runs = cronOf(timing, rules.timeZone).previousRuns(count, new Date(beyond))
      return runs.map((date) => date.getTime()).reverse()
    }
  }
}

/** Croner cannot start from before the first date. */
const firstDate = 0

/** The last multiple of the interval up to an instant, counted from `startAt`, else from 1970. */
function phaseOf({ startAt = 0 }: ScheduleRules, everyMs: number, instant: number): number {
  return startAt + Math.floor((instant - startAt) / everyMs) * everyMs
}

const crons = new Map<string, Cron>()

/** Reading an expression costs more than a step of it. */
function cronOf({ expression, bothDays }: Crontab, timeZone: string): Cron {
  const key = `${expression}\n${timeZone}\n${bothDays}`
  const known = crons.get(key)
  if (known) return known
  const cron = new Cron(expression, {
    paused: true,
    timezone: timeZone,
    mode: '5-or-6-parts',
    domAndDow: bothDays,
    // With numbers, lists and ranges alone a time is a time of the day: see the README.
    fixedTimeRule: 'no-wildcard',
  })
  if (crons.size >= 10_000) crons.clear()
  crons.set(key, cron)
  return cron
}
