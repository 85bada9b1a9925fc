import type { Timing } from '@tq/core'
import { Cron } from 'croner'
import { Zone } from './zone.ts'

type Crontab = Extract<Timing, { kind: 'crontab' }>

/**
 * The ticks of one crontab in one time zone. Croner tells which times of the wall match, without any zone; which instants
 * these are is told here, by two rules:
 *
 * - Times of the day (only numbers, lists and ranges in second, minute and hour) come once: one that the clock leaves out
 *   at the end of the gap, one that it shows twice the first time.
 * - Intervals (`*` or a step in any of these) come whenever the wall shows a matching time: twice in an hour that is
 *   repeated, not in one that is left out.
 *
 * (Croner's own zones drop a time of the day when the gap reaches midnight, as every March in Greenland.)
 */
export class CrontabTicks {
  readonly #calendar: Cron
  readonly #zone: Zone
  readonly #isTimeOfDay: boolean

  constructor({ expression, bothDays }: Crontab, zone: Zone) {
    this.#calendar = new Cron(expression, {
      paused: true,
      // Five times as fast as the time zone 'UTC'.
      utcOffset: 0,
      mode: '5-or-6-parts',
      domAndDow: bothDays,
    })
    this.#zone = zone
    const fields = expression.split(' ')
    this.#isTimeOfDay = !fields.slice(0, fields.length - 3).some((field) => /[*/]/.test(field))
  }

  /** The first tick after an instant; undefined when there is none. */
  after(instant: number): number | undefined {
    return this.#isTimeOfDay ? this.#timeOfDayAfter(instant) : this.#intervalAfter(instant)
  }

  /** Later times of the wall never come at earlier instants, so the first that comes later is the next one. */
  #timeOfDayAfter(instant: number): number | undefined {
    let wall = this.#wallAfter(instant + this.#zone.offsetAt(instant))
    while (wall !== undefined) {
      const tick = this.#instantOf(wall)
      if (tick > instant) return tick
      wall = this.#wallAfter(wall)
    }
    return undefined
  }

  /** From one change of the clocks to the next, since the wall may go back there. */
  #intervalAfter(instant: number): number | undefined {
    for (let from = instant; ; ) {
      const offset = this.#zone.offsetAt(from)
      const until = this.#zone.sameUntil(from)
      const wall = this.#wallAfter(from + offset)
      if (wall === undefined) return undefined
      if (wall - offset < until) return wall - offset
      // A tick at the change itself counts.
      const next = this.#wallAfter(until + this.#zone.offsetAt(until) - 1_000)
      if (next === until + this.#zone.offsetAt(until)) return until
      from = until
    }
  }

  /** When the wall shows this: the first time, or, where it never does, at the end of the gap. */
  #instantOf(wall: number): number {
    const longestOffset = 26 * 3_600_000
    const changes = this.#zone.changesBetween(wall - longestOffset, wall + longestOffset)
    for (const { at, before, after } of changes) {
      if (wall - before < at) return wall - before
      if (wall - after < at) return at
    }
    return wall - this.#zone.offsetAt(wall + longestOffset)
  }

  #wallAfter(wall: number): number | undefined {
    return this.#calendar.nextRun(new Date(wall))?.getTime()
  }
}

const known = new Map<string, CrontabTicks>()
const zones = new Map<string, Zone>()

/** Reading an expression, and a zone's years, costs more than a step of it. */
export function crontabTicks(crontab: Crontab, timeZone: string): CrontabTicks {
  const key = `${crontab.expression}\n${timeZone}\n${crontab.bothDays}`
  let ticks = known.get(key)
  if (!ticks) {
    if (known.size >= 10_000) known.clear()
    ticks = new CrontabTicks(crontab, zoneOf(timeZone))
    known.set(key, ticks)
  }
  return ticks
}

function zoneOf(name: string): Zone {
  let zone = zones.get(name)
  if (!zone) {
    zone = new Zone(name)
    zones.set(name, zone)
  }
  return zone
}
