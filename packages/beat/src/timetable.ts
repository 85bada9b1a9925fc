import type { ScheduleBook, ScheduleEntry } from '@tq/core'
import { decidedUpTo } from './decide.ts'
import { nextTicks } from './ticks.ts'

/** A schedule that ticks, and when it does next. */
export interface Row {
  readonly entry: ScheduleEntry
  /** Infinity when no tick is left. */
  readonly nextTick: number
}

/** The schedules as the leader knows them: read again when they have changed. */
export class Timetable {
  readonly #book: ScheduleBook
  #rows = new Map<string, Row>()
  /** Somebody else has written what is known here. */
  stale = true

  constructor(book: ScheduleBook) {
    this.#book = book
  }

  /** Reads all of them. */
  async refresh(): Promise<void> {
    this.stale = false
    const before = this.#rows
    this.#rows = new Map()
    for (const entry of await this.#book.entries()) {
      const { name } = entry.schedule.value
      const known = before.get(name)
      // Looking into the calendar costs more than all else here.
      if (known && isSame(known.entry, entry)) this.#rows.set(name, { entry, nextTick: known.nextTick })
      else this.put(entry)
    }
  }

  put(entry: ScheduleEntry): void {
    const { value } = entry.schedule
    const [next] = ticks(entry) ? nextTicks(value.rules, decidedUpTo(value, entry.progress?.value), 1) : []
    this.#rows.set(value.name, { entry, nextTick: next ?? Number.POSITIVE_INFINITY })
  }

  /** Those with something to do now. */
  dueAt(now: number): readonly ScheduleEntry[] {
    return [...this.#rows.values()]
      .filter(({ entry, nextTick }) => nextTick <= now || (ticks(entry) && isWaiting(entry)))
      .map(({ entry }) => entry)
  }

  /** When the next tick of any schedule comes. */
  get nextTick(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { nextTick } of this.#rows.values()) first = Math.min(first, nextTick)
    return first
  }

  /** Whether any has ticks that are to be sent and have not been. */
  get waiting(): boolean {
    return [...this.#rows.values()].some(({ entry }) => ticks(entry) && isWaiting(entry))
  }
}

function ticks({ schedule: { value }, orphaned }: ScheduleEntry): boolean {
  return value.rules.enabled && !value.paused && !orphaned
}

function isWaiting({ progress }: ScheduleEntry): boolean {
  return progress !== undefined && progress.value.waiting.length > 0
}

function isSame(a: ScheduleEntry, b: ScheduleEntry): boolean {
  return (
    a.schedule.version === b.schedule.version &&
    a.progress?.version === b.progress?.version &&
    a.orphaned === b.orphaned
  )
}
