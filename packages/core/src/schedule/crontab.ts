import { checkKnown } from '../options/known.ts'
import { type Field, fieldRules, parseField } from './cron-field.ts'
import { invalidSchedule, type Timing } from './timing.ts'

/** One field of a crontab: a number, several, or text such as `'*'`, `'1-5'`, `'*' + '/15'`, `'MON#1'`, `'L'`. */
export type CrontabField = number | string | readonly (number | string)[]

/** The fields of a crontab by name; what is not said is `'*'`, as in Celery. */
export interface CrontabFields {
  /** Without it, at second 0. */
  readonly second?: CrontabField
  readonly minute?: CrontabField
  readonly hour?: CrontabField
  /** 1 to 31, `'L'` is the last one. */
  readonly dayOfMonth?: CrontabField
  /** 1 to 12 or JAN to DEC. */
  readonly month?: CrontabField
  /** 0 or 7 (Sunday) to 6, or SUN to SAT; `'MON#1'` is the first Monday of the month, `'5L'` the last Friday. */
  readonly dayOfWeek?: CrontabField
}

const fieldNames = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const
const known: ReadonlySet<string> = new Set<string>(fieldNames)

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Longer ones are not written by people. */
const longest = 256

/**
 * By the clock on the wall of a time zone. By name as in Celery: what is not said is `'*'`, and both day fields must
 * match. Or as an expression as in crontab(5): where both day fields are restricted, either matches. Six fields begin
 * with the second.
 *
 * @throws TqError `INVALID_SCHEDULE` for what cannot be read and for days that never come
 * @example crontab({ hour: 1, minute: 0 })
 * @example crontab('30 9 * * MON-FRI')
 */
export function crontab(when: string | CrontabFields): Timing {
  const bothDays = typeof when !== 'string'
  const texts = typeof when === 'string' ? split(when) : byName(when)
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = fieldNames.map((name, at) =>
    parseField(texts[at] ?? '', fieldRules[name]),
  ) as [Field, Field, Field, Field, Field, Field]
  const restricted = !dayOfMonth.any && !dayOfWeek.any
  if (!comesEver(dayOfMonth, month, dayOfWeek, bothDays || !restricted))
    throw invalidSchedule(`crontab: no day is ever '${dayOfMonth.text} ${month.text} ${dayOfWeek.text}'.`)
  const fields = [minute, hour, dayOfMonth, month, dayOfWeek]
  const expression = (second.text === '0' ? fields : [second, ...fields]).map(({ text }) => text).join(' ')
  return { kind: 'crontab', expression, bothDays: bothDays && restricted }
}

function split(expression: string): readonly string[] {
  const text = expression.trim()
  if (text.length > longest) throw invalidSchedule(`crontab: ${text.length} characters; at most ${longest}.`)
  const fields = (nicknames[text.toLowerCase()] ?? text).split(/\s+/)
  if (text.startsWith('@') && fields.length === 1)
    throw invalidSchedule(
      `crontab: '${text}' is not one of ${Object.keys(nicknames).join(' ')}. For intervals there is every('5m').`,
    )
  if (fields.length === 5) return ['0', ...fields]
  if (fields.length === 6) return fields
  const years = fields.length === 7 ? ' A field for years is not supported: use startAt and endAt.' : ''
  throw invalidSchedule(
    `crontab: '${text.slice(0, 60)}' has ${fields.length} fields; write five (minute hour day month weekday), or six with the second first.${years}`,
  )
}

function byName(fields: CrontabFields): readonly string[] {
  if (typeof fields !== 'object' || fields === null)
    throw invalidSchedule('crontab takes an expression, or an object of fields.')
  checkKnown(fields, known, 'crontab')
  const texts = fieldNames.map((name) => {
    const given = fields[name] ?? (name === 'second' ? 0 : '*')
    return (Array.isArray(given) ? given.map(String).join(',') : String(given)).replace(/\s+/g, '')
  })
  if (texts.join(' ').length > longest) throw invalidSchedule(`crontab: more than ${longest} characters.`)
  return texts
}

/** A time that starts on a Sunday and has leap years on every weekday: what does not come in 28 years never does. */
const years = Array.from({ length: 28 }, (_, year) => 2_000 + year)

/** Whether any day matches. */
function comesEver(dayOfMonth: Field, month: Field, dayOfWeek: Field, both: boolean): boolean {
  for (const year of years) {
    for (const one of month.values) {
      const days = new Date(Date.UTC(year, one, 0)).getUTCDate()
      const first = new Date(Date.UTC(year, one - 1, 1)).getUTCDay()
      for (let day = 1; day <= days; day++) {
        const inMonth = dayOfMonth.values.has(day) || (dayOfMonth.last && day === days)
        const inWeek = matchesWeekday(dayOfWeek, day, (first + day - 1) % 7, days)
        if (both ? inMonth && inWeek : inMonth || inWeek) return true
      }
    }
  }
  return false
}

function matchesWeekday({ values, nth }: Field, day: number, weekday: number, days: number): boolean {
  if (values.has(weekday)) return true
  return nth.some(
    (one) => one.day === weekday && (one.week === 'last' ? day + 7 > days : Math.ceil(day / 7) === one.week),
  )
}
