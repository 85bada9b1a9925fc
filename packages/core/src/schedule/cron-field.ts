import { invalidSchedule } from './timing.ts'

/** What one field of a crontab may hold. */
export interface FieldRule {
  readonly name: string
  readonly least: number
  readonly most: number
  /** Names from `least` on: JAN, MON. */
  readonly names?: readonly string[]
}

/** What one field says. */
export interface Field {
  /** Checked, without blanks, in capitals. */
  readonly text: string
  /** It is `*` (or `?`): it says nothing. */
  readonly any: boolean
  readonly values: ReadonlySet<number>
  /** Days of the month: `L`, the last one. */
  readonly last: boolean
  /** Days of the week: `5L`, the last Friday; `MON#2`, the second Monday. */
  readonly nth: readonly { readonly day: number; readonly week: number | 'last' }[]
}

const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

export const fieldRules = {
  second: { name: 'second', least: 0, most: 59 },
  minute: { name: 'minute', least: 0, most: 59 },
  hour: { name: 'hour', least: 0, most: 23 },
  dayOfMonth: { name: 'day of month', least: 1, most: 31 },
  month: { name: 'month', least: 1, most: 12, names: monthNames },
  // 7 is Sunday too.
  dayOfWeek: { name: 'day of week', least: 0, most: 7, names: dayNames },
} as const satisfies Record<string, FieldRule>

/** Reads a field in one pass. @throws TqError `INVALID_SCHEDULE` */
export function parseField(given: string, rule: FieldRule): Field {
  const text = given.toUpperCase()
  const values = new Set<number>()
  const nth: { day: number; week: number | 'last' }[] = []
  let last = false
  for (const part of text.split(',')) {
    if (part === 'L' && rule === fieldRules.dayOfMonth) last = true
    else if (rule === fieldRules.dayOfWeek && /[#L]/.test(part)) nth.push(parseNth(part, rule, given))
    else for (const value of parseRange(part, rule, given)) values.add(value)
  }
  const any = text === '*' || text === '?'
  if (any && text === '?' && rule !== fieldRules.dayOfMonth && rule !== fieldRules.dayOfWeek)
    throw wrong(given, rule, "'?' stands only for a day")
  return { text: any ? '*' : text, any, values, last, nth }
}

/** `5`, `MON`, `1-5`, `*`, `*` or a range with `/step`. */
function parseRange(part: string, rule: FieldRule, given: string): readonly number[] {
  const [range = '', stepText, ...more] = part.split('/')
  if (more.length > 0) throw wrong(given, rule, `'${part}' has two steps`)
  const step = stepText === undefined ? 1 : wholeNumber(stepText)
  if (step === undefined || step < 1 || step > rule.most)
    throw wrong(given, rule, `the step '${stepText}' is not from 1 to ${rule.most}`)
  const [from, to] = endsOf(range, rule, given)
  if (stepText !== undefined && range !== '*' && !range.includes('-'))
    throw wrong(given, rule, `a step needs a range: '${range}-${rule.most}/${stepText}'`)
  if (from > to) throw wrong(given, rule, `'${range}' runs backwards`)
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(normal(value, rule))
  return values
}

function endsOf(range: string, rule: FieldRule, given: string): readonly [number, number] {
  if (range === '*' || range === '?') return [rule.least, rule === fieldRules.dayOfWeek ? 6 : rule.most]
  const [low = '', high = low, ...more] = range.split('-')
  if (more.length > 0) throw wrong(given, rule, `'${range}' is not a range`)
  return [numberOf(low, rule, given), numberOf(high, rule, given)]
}

/** `MON#2`, `5L`. */
function parseNth(part: string, rule: FieldRule, given: string): { day: number; week: number | 'last' } {
  const [, dayText = '', weekText] = /^([^#L]+)(?:#([1-5])|L)$/.exec(part) ?? []
  if (dayText === '') throw wrong(given, rule, `'${part}' is not like MON#2 or FRIL`)
  const day = normal(numberOf(dayText, rule, given), rule)
  return { day, week: weekText === undefined ? 'last' : Number(weekText) }
}

function numberOf(text: string, rule: FieldRule, given: string): number {
  const named = rule.names?.indexOf(text) ?? -1
  const value = named >= 0 ? named + rule.least : wholeNumber(text)
  if (value !== undefined && value >= rule.least && value <= rule.most) return value
  throw wrong(
    given,
    rule,
    `'${text}' is not from ${rule.least} to ${rule.most}${rule.names ? ', nor a name' : ''}`,
  )
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,2}$/.test(text) ? Number(text) : undefined
}

/** Sunday is 0. */
function normal(value: number, rule: FieldRule): number {
  return rule === fieldRules.dayOfWeek ? value % 7 : value
}

function wrong(given: string, { name }: FieldRule, problem: string) {
  return invalidSchedule(`crontab: ${name} '${given.slice(0, 40)}': ${problem.slice(0, 120)}.`, {
    field: name,
  })
}
