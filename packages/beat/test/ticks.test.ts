import { at, crontab, every, type ScheduleRules, type Timing } from '@tq/core'
import { expect, test } from 'vitest'
import { nextTicks, ticksBetween } from '../src/ticks.ts'

const noon = Date.UTC(2026, 10, 26, 12)
const day = 86_400_000

function rules(timing: Timing, more: Partial<ScheduleRules> = {}): ScheduleRules {
  return { timing, timeZone: 'UTC', missed: 'latest', overlap: 'allow', jitterMs: 0, enabled: true, ...more }
}

const iso = (ticks: readonly number[]) => ticks.map((tick) => new Date(tick).toISOString().slice(0, 19))

test('intervals are counted from 1970, so that every process says the same', () => {
  expect(iso(nextTicks(rules(every('15m')), noon, 3))).toEqual([
    '2026-11-26T12:15:00',
    '2026-11-26T12:30:00',
    '2026-11-26T12:45:00',
  ])
  expect(nextTicks(rules(every('15m')), noon - 1, 1)).toEqual([noon])
})

test('startAt and endAt bound all kinds, both included; intervals are counted from startAt', () => {
  const bounds = { startAt: noon + 7_000, endAt: noon + 27_000 }
  const bounded = rules(every('10s'), bounds)
  expect(nextTicks(bounded, 0, 9)).toEqual([noon + 7_000, noon + 17_000, noon + 27_000])
  expect(nextTicks(rules(crontab('* * * * * *'), bounds), 0, 99)).toHaveLength(21)
  expect(nextTicks(rules(at(new Date(noon)), { endAt: noon - 1 }), 0, 9)).toEqual([])
})

test('a date comes once', () => {
  expect(nextTicks(rules(at(new Date(noon))), noon - 1, 9)).toEqual([noon])
  expect(nextTicks(rules(at(new Date(noon))), noon, 9)).toEqual([])
  expect(ticksBetween(rules(at(new Date(noon))), 0, noon, 9)).toEqual([noon])
})

test('an interval of months does not overflow', () => {
  const [first = 0, second = 0] = nextTicks(rules(every('60d')), noon, 2)
  expect(second - first).toBe(60 * day)
  expect(first).toBeGreaterThan(noon)
})

test.each([
  ['0 9 * * MON-FRI', '2026-11-27T09:00:00', '2026-11-30T09:00:00'],
  ['0 0 29 2 *', '2028-02-29T00:00:00', '2032-02-29T00:00:00'],
  ['0 0 L * *', '2026-11-30T00:00:00', '2026-12-31T00:00:00'],
  ['0 0 * * MON#1', '2026-12-07T00:00:00', '2027-01-04T00:00:00'],
  ['0 0 * * 5L', '2026-11-27T00:00:00', '2026-12-25T00:00:00'],
  ['0 0 1 * MON', '2026-11-30T00:00:00', '2026-12-01T00:00:00'],
  ['0 0 */2 * MON', '2026-11-27T00:00:00', '2026-11-29T00:00:00'],
  ['0 0 * * 7', '2026-11-29T00:00:00', '2026-12-06T00:00:00'],
  ['0 0 * * 6-7', '2026-11-28T00:00:00', '2026-11-29T00:00:00'],
  ['0 0 * * FRI-7', '2026-11-27T00:00:00', '2026-11-28T00:00:00'],
  ['*/20 30 8 * * *', '2026-11-27T08:30:00', '2026-11-27T08:30:20'],
  ['@monthly', '2026-12-01T00:00:00', '2027-01-01T00:00:00'],
])('%s', (expression, first, second) => {
  expect(iso(nextTicks(rules(crontab(expression)), noon, 2))).toEqual([first, second])
})

test('by name both day fields must match, as in Celery', () => {
  const firstMondays = rules(crontab({ minute: 0, hour: 0, dayOfMonth: '1-7', dayOfWeek: 'MON' }))
  expect(iso(nextTicks(firstMondays, noon, 2))).toEqual(['2026-12-07T00:00:00', '2027-01-04T00:00:00'])
})

test('after an outage the last ticks are found without counting from its start', () => {
  const before = performance.now()
  const seconds = ticksBetween(rules(crontab('* * * * * *')), noon - 365 * day, noon, 1_000)
  expect(seconds).toHaveLength(1_000)
  expect(seconds.at(-1)).toBe(noon)
  expect(seconds.at(0)).toBe(noon - 999_000)
  const days = ticksBetween(rules(crontab('0 0 * * *')), noon - 400 * day, noon, 1_000)
  expect(days).toHaveLength(400)
  expect(ticksBetween(rules(every('100ms')), noon - 365 * day, noon, 1_000)).toHaveLength(1_000)
  expect(performance.now() - before).toBeLessThan(2_000)
})

test('a step through the calendar is cheap, also where days are rare', () => {
  const rare = rules(crontab({ minute: 0, hour: 0, dayOfMonth: 29, month: 2, dayOfWeek: 'MON' }), {
    timeZone: 'Europe/Berlin',
  })
  nextTicks(rare, noon, 1)
  const before = performance.now()
  expect(iso(nextTicks(rare, noon, 1))).toEqual(['2044-02-28T23:00:00'])
  expect(performance.now() - before).toBeLessThan(20)
})
