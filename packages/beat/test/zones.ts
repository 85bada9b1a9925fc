/** From this instant on, local time is UTC and so much. */
export interface Offset {
  readonly from: number
  readonly ms: number
}

const day = 86_400_000

/** Local time minus UTC. */
function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value)
  const { year = 0, month = 1, day: date, hour, minute, second } = parts
  return Date.UTC(year, month - 1, date, hour, minute, second) - Math.floor(instant / 1_000) * 1_000
}

/** A zone's offsets, found by asking the calendar of ICU, which croner's answers come from too, but nothing else. */
export function offsetsOf(zone: string, from: number, to: number): readonly Offset[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const offsets: Offset[] = [{ from, ms: offsetAt(format, from) }]
  for (let at = from; at < to; at += day) {
    const before = offsets.at(-1)?.ms
    if (offsetAt(format, at + day) === before) continue
    let [low, high] = [at, at + day]
    while (high - low > 1_000) {
      const middle = Math.floor((low + high) / 2_000) * 1_000
      if (offsetAt(format, middle) === before) low = middle
      else high = middle
    }
    offsets.push({ from: high, ms: offsetAt(format, high) })
  }
  return offsets
}

/** Wall-clock time as a Date whose UTC fields are the local ones. */
type Wall = Date

/** What a crontab is by its two rules, told without any calendar but the offsets. */
export interface Pattern {
  readonly expression: string
  /** A time of the day, rather than an interval. */
  readonly fixed: boolean
  matches(wall: Wall): boolean
}

const minute = 60_000

/** The ticks of (from, to], found by trying every minute. */
export function oracle(pattern: Pattern, offsets: readonly Offset[], from: number, to: number) {
  return pattern.fixed ? timesOfDay(pattern, offsets, from, to) : everyMatch(pattern, offsets, from, to)
}

/** Every instant whose wall clock matches: a repeated hour twice, a missing one not at all. */
function everyMatch(pattern: Pattern, offsets: readonly Offset[], from: number, to: number): number[] {
  const ticks: number[] = []
  for (let at = Math.floor(from / minute) * minute; at <= to; at += minute) {
    if (at > from && pattern.matches(new Date(at + offsetOn(offsets, at)))) ticks.push(at)
  }
  return ticks
}

/** Every matching time of the wall once: the first of two, or the end of the gap that it lies in. */
function timesOfDay(pattern: Pattern, offsets: readonly Offset[], from: number, to: number): number[] {
  const ticks = new Set<number>()
  for (let wall = Math.floor((from - day) / minute) * minute; wall <= to + day; wall += minute) {
    if (!pattern.matches(new Date(wall))) continue
    const times = new Set(
      offsets.map(({ ms }) => wall - ms).filter((at) => at + offsetOn(offsets, at) === wall),
    )
    const tick = times.size > 0 ? Math.min(...times) : endOfGap(offsets, wall)
    if (tick > from && tick <= to) ticks.add(tick)
  }
  return [...ticks].sort((a, b) => a - b)
}

function offsetOn(offsets: readonly Offset[], at: number): number {
  return (offsets.findLast((offset) => offset.from <= at) ?? offsets[0])?.ms ?? 0
}

function endOfGap(offsets: readonly Offset[], wall: number): number {
  const gap = offsets.findIndex(
    ({ from, ms }, index) => index > 0 && from + (offsets[index - 1]?.ms ?? 0) <= wall && wall < from + ms,
  )
  return offsets[gap]?.from ?? Number.NaN
}
