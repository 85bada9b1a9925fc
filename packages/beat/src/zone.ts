/** A change of a zone's clocks. Offsets are local time minus UTC, in milliseconds. */
export interface Change {
  readonly at: number
  readonly before: number
  readonly after: number
}

interface Year {
  /** The offset at its beginning (in UTC). */
  readonly first: number
  readonly changes: readonly Change[]
}

const dayMs = 86_400_000

/** The clocks of one time zone, read from the calendar of Intl a year at a time and remembered. */
export class Zone {
  readonly #format: Intl.DateTimeFormat
  readonly #years = new Map<number, Year>()

  constructor(name: string) {
    const numeric = 'numeric'
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  }

  offsetAt(instant: number): number {
    const { first, changes } = this.#year(instant)
    return changes.findLast(({ at }) => at <= instant)?.after ?? first
  }

  /** The changes of (from, to], which lie no more than a year apart. */
  changesBetween(from: number, to: number): readonly Change[] {
    const years = new Set([this.#year(from), this.#year(to)])
    return [...years].flatMap(({ changes }) => changes.filter(({ at }) => at > from && at <= to))
  }

  /** The end of what is surely the same offset from this instant on: the next change, or the end of the year. */
  sameUntil(instant: number): number {
    const change = this.#year(instant).changes.find(({ at }) => at > instant)
    return change?.at ?? Date.UTC(new Date(instant).getUTCFullYear() + 1, 0)
  }

  #year(instant: number): Year {
    const number = new Date(instant).getUTCFullYear()
    const known = this.#years.get(number)
    if (known) return known
    const read = this.#read(Date.UTC(number, 0), Date.UTC(number + 1, 0))
    this.#years.set(number, read)
    return read
  }

  #read(from: number, to: number): Year {
    const first = this.#ask(from)
    const changes: Change[] = []
    for (let day = from, before = first; day < to; day += dayMs) {
      // A change at the very end is known to both years.
      const end = day + dayMs
      const after = this.#ask(end)
      if (after === before) continue
      changes.push({ at: this.#search(day, end, before), before, after })
      before = after
    }
    return { first, changes }
  }

  /** The first whole second in (low, high] whose offset is another one. */
  #search(from: number, to: number, before: number): number {
    let [low, high] = [from, to]
    while (high - low > 1_000) {
      const middle = low + Math.floor((high - low) / 2_000) * 1_000
      if (this.#ask(middle) === before) low = middle
      else high = middle
    }
    return high
  }

  #ask(instant: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant
  }
}
