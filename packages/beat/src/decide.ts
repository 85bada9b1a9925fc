import type { ScheduleProgress, StoredSchedule } from '@tq/core'
import { ticksBetween } from './ticks.ts'

/** A tick that is not sent within this long was missed: longer than a change of the leader takes. */
const lateAfterMs = 60_000
/** The most ticks that are made up for at once, or wait behind one that runs. */
const mostTicks = 1_000

type Decided = Pick<ScheduleProgress, 'decided' | 'waiting' | 'dropped'>

/** Ticks up to here are decided, or do not count. */
export function decidedUpTo(schedule: StoredSchedule, progress: ScheduleProgress | undefined): number {
  return Math.max(schedule.since, progress?.decided ?? Number.NEGATIVE_INFINITY)
}

/**
 * What becomes of the ticks that have come: pure, so that it can be told of any time.
 *
 * @param running Whether what was sent last has not ended.
 * @returns undefined when none has come
 */
export function decide(
  schedule: StoredSchedule,
  progress: ScheduleProgress | undefined,
  now: number,
  running: boolean,
): Decided | undefined {
  const { rules } = schedule
  const come = ticksBetween(rules, decidedUpTo(schedule, progress), now, mostTicks)
  const newest = come.at(-1)
  if (newest === undefined) return undefined
  const waiting = progress?.waiting ?? []
  const accepted = afterMissed(come, rules.missed, now)
  const next = afterOverlap(waiting, accepted, rules.overlap, running)
  const dropped = come.length - (next.length - waiting.length)
  return { decided: newest, waiting: next, dropped: (progress?.dropped ?? 0) + dropped }
}

function afterMissed(
  come: readonly number[],
  missed: StoredSchedule['rules']['missed'],
  now: number,
): readonly number[] {
  if (missed === 'all') return come
  const onTime = come.filter((tick) => tick >= now - lateAfterMs)
  return onTime.length === 0 && missed === 'latest' ? come.slice(-1) : onTime
}

function afterOverlap(
  waiting: readonly number[],
  accepted: readonly number[],
  overlap: StoredSchedule['rules']['overlap'],
  running: boolean,
): readonly number[] {
  if (overlap === 'skip') return running || waiting.length > 0 ? waiting : accepted.slice(-1)
  return [...waiting, ...accepted].slice(0, mostTicks)
}
