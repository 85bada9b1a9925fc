import type { ScheduleRules } from '@tq/core'
import { crontabTicks } from './crontab-ticks.ts'

/** Forward steps that are tried before looking from the end: one or two are the rule. */
const fewSteps = 16
const hourMs = 3_600_000

/** The first ticks after an instant, at most so many, in order. */
export function nextTicks(rules: ScheduleRules, after: number, count: number): readonly number[] {
  const { timing, startAt = 0, endAt = Number.POSITIVE_INFINITY } = rules
  // A tick at startAt counts.
  const from = Math.max(after, startAt - 1)
  switch (timing.kind) {
    case 'at':
      return timing.instant > after && timing.instant <= endAt ? [timing.instant].slice(0, count) : []
    case 'every': {
      const { everyMs } = timing
      // Counted from startAt, else from 1970.
      const first = startAt + (Math.floor((from - startAt) / everyMs) + 1) * everyMs
      return Array.from({ length: count }, (_, step) => first + step * everyMs).filter(
        (tick) => tick <= endAt,
      )
    }
    case 'crontab': {
      const calendar = crontabTicks(timing, rules.timeZone)
      const ticks: number[] = []
      for (
        let tick = calendar.after(from);
        tick !== undefined && tick <= endAt;
        tick = calendar.after(tick)
      ) {
        if (ticks.push(tick) >= count) break
      }
      return ticks
    }
  }
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
  // Many: from ever earlier starts, since calendars go forward only.
  for (let span = hourMs; ; span *= 4) {
    const from = Math.max(after, until - span)
    const ticks = allBetween(rules, from, until)
    if (ticks.length >= most || from === after) return ticks.slice(-most)
  }
}

function allBetween(rules: ScheduleRules, after: number, until: number): readonly number[] {
  const ticks: number[] = []
  for (let from = after; ; ) {
    const part = nextTicks(rules, from, 100)
    for (const tick of part) {
      if (tick > until) return ticks
      ticks.push(tick)
    }
    const last = part.at(-1)
    if (last === undefined) return ticks
    from = last
  }
}
