const numbers = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const dates = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const shortDate: Intl.DateTimeFormatOptions = {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
}
const shortDates = new Map<string, Intl.DateTimeFormat>()

/** `12,345`; above a hundred thousand `123.5K`. */
export function count(value: number): string {
  return value < 100_000 ? numbers.format(value) : compact.format(value)
}

/** A rate: one digit behind the point where it matters. */
export function rate(value: number): string {
  if (value === 0) return '0'
  return value < 10 ? value.toFixed(value < 0.1 ? 2 : 1) : count(Math.round(value))
}

/** A length of time as short as it can be told: `3 ms`, `1.2 s`, `4 m 12 s`, `3 h 5 m`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1) return ms <= 0 ? '0 ms' : '<1 ms'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3_600) return pair(Math.floor(whole / 60), 'm', whole % 60, 's')
  if (whole < 86_400) return pair(Math.floor(whole / 3_600), 'h', Math.floor((whole % 3_600) / 60), 'm')
  return pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3_600), 'h')
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`
}

/** How far from now, in one unit: `now`, `12s`, `5m`, `3h`, `2d`. */
export function distance(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  if (seconds < 1) return 'now'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

export function dateTime(at: number): string {
  return dates.format(at)
}

export function timeOfDay(at: number): string {
  return clock.format(at)
}

/** What the clocks of a time zone show then. */
export function shortDateTime(at: number, timeZone: string): string {
  let format = shortDates.get(timeZone)
  if (!format) {
    format = shortDateIn(timeZone)
    shortDates.set(timeZone, format)
  }
  return format.format(at)
}

function shortDateIn(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(undefined, { ...shortDate, timeZone })
  } catch {
    // Unknown to this browser.
    return new Intl.DateTimeFormat(undefined, { ...shortDate, timeZoneName: 'short' })
  }
}

export function bytes(value: number): string {
  if (value < 1_048_576) return `${Math.round(value / 1_024)} kB`
  if (value < 1_073_741_824) return `${Math.round(value / 1_048_576)} MB`
  return `${(value / 1_073_741_824).toFixed(1)} GB`
}

export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %'
  const value = (100 * part) / whole
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`
}

/** A value on one line. */
export function inline(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Enough of an id to tell it from its neighbours: ids made at the same time begin alike. */
export function shortId(id: string): string {
  return id.length <= 12 ? id : `…${id.slice(-6)}`
}
