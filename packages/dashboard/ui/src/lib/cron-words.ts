const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

/** `crontab 0 9 * * 1-5` as `at 09:00, Monday to Friday`; undefined for what has no short words. */
export function cronWords(when: string): string | undefined {
  const match = /^crontab (\S+) (\S+) (\S+) (\S+) (\S+)( \(both day fields\))?$/.exec(when)
  if (!match) return undefined
  const [, minute = '', hour = '', day = '', month = '', weekday = '', both] = match
  // Either day is enough, or both are needed: too much for a line.
  if (both || (day !== '*' && weekday !== '*')) return undefined
  const parts = [
    clock(minute, hour),
    day === '*' ? '' : dayOfMonth(day),
    named(weekday, days, 0),
    named(month, months, 1),
  ]
  if (parts.some((part) => part === undefined)) return undefined
  const [time, onDay, onWeekday, inMonth] = parts
  const said = [onDay, onWeekday && (onWeekday.includes(' to ') ? onWeekday : `on ${onWeekday}`)]
  if (inMonth) said.push(`in ${inMonth}`)
  const rest = said.filter((part) => part)
  return [rest.length === 0 && /^at/.test(time ?? '') ? `every day ${time}` : time, ...rest].join(', ')
}

function clock(minute: string, hour: string): string | undefined {
  const everyMinutes = /^\*(?:\/(\d+))?$/.exec(minute)
  if (everyMinutes && hour === '*')
    return everyMinutes[1] === undefined ? 'every minute' : `every ${everyMinutes[1]} minutes`
  if (!/^\d+$/.test(minute)) return undefined
  const past = minute.padStart(2, '0')
  if (hour === '*') return `every hour at :${past}`
  const everyHours = /^\*\/(\d+)$/.exec(hour)
  if (everyHours) return `every ${everyHours[1]} hours at :${past}`
  if (!/^\d+(,\d+)*$/.test(hour)) return undefined
  return `at ${joined(hour.split(',').map((one) => `${one.padStart(2, '0')}:${past}`))}`
}

function dayOfMonth(day: string): string | undefined {
  if (!/^\d+(,\d+)*$/.test(day)) return undefined
  return `on day ${joined(day.split(','))} of the month`
}

/** '' for any; a list, or one range. */
function named(field: string, names: readonly string[], first: number): string | undefined {
  if (field === '*') return ''
  const nameOf = (text: string) => names[Number(text) - first]
  const [, from, to] = /^(\d+)-(\d+)$/.exec(field) ?? []
  const all =
    from !== undefined && to !== undefined ? [nameOf(from), nameOf(to)] : field.split(',').map(nameOf)
  if (!all.every((name) => name !== undefined)) return undefined
  return from === undefined ? joined(all) : all.join(' to ')
}

function joined(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
