import { crontab, type ScheduleRules } from '@tq/core'
import { expect, test } from 'vitest'
import { nextTicks, ticksBetween } from '../src/ticks.ts'
import { type Offset, offsetsOf, oracle, type Pattern } from './zones.ts'

const from = Date.UTC(2021, 0)
const to = Date.UTC(2031, 0)
const hour = 3_600_000
const full = process.env['TQ_TEST_TIER'] === 'full'

const patterns: readonly Pattern[] = [
  {
    expression: '30 2 * * *',
    fixed: true,
    matches: (t) => t.getUTCHours() === 2 && t.getUTCMinutes() === 30,
  },
  { expression: '0 0 * * *', fixed: true, matches: (t) => t.getUTCHours() === 0 && t.getUTCMinutes() === 0 },
  {
    expression: '59 23 * * *',
    fixed: true,
    matches: (t) => t.getUTCHours() === 23 && t.getUTCMinutes() === 59,
  },
  {
    expression: '0,15,45 0-3 * * *',
    fixed: true,
    matches: (t) => t.getUTCHours() <= 3 && [0, 15, 45].includes(t.getUTCMinutes()),
  },
  {
    expression: '0 1,3 * * SUN',
    fixed: true,
    matches: (t) => t.getUTCDay() === 0 && [1, 3].includes(t.getUTCHours()) && t.getUTCMinutes() === 0,
  },
  {
    expression: '10 1 L * *',
    fixed: true,
    matches: (t) =>
      new Date(t.getTime() + 24 * hour).getUTCDate() === 1 &&
      t.getUTCHours() === 1 &&
      t.getUTCMinutes() === 10,
  },
  { expression: '0 * * * *', fixed: false, matches: (t) => t.getUTCMinutes() === 0 },
  { expression: '*/15 * * * *', fixed: false, matches: (t) => t.getUTCMinutes() % 15 === 0 },
  {
    expression: '30 */2 * * *',
    fixed: false,
    matches: (t) => t.getUTCHours() % 2 === 0 && t.getUTCMinutes() === 30,
  },
  {
    expression: '*/20 1-3 * * *',
    fixed: false,
    matches: (t) => t.getUTCHours() >= 1 && t.getUTCHours() <= 3 && t.getUTCMinutes() % 20 === 0,
  },
]

function rulesOf({ expression }: Pattern, timeZone: string): ScheduleRules {
  return {
    timing: crontab(expression),
    timeZone,
    missed: 'latest',
    overlap: 'allow',
    jitterMs: 0,
    enabled: true,
  }
}

/** Around every change of the clock, and one quiet day. */
function windowsOf(offsets: readonly Offset[]): readonly (readonly [number, number])[] {
  const changes = offsets.slice(1).map((offset) => offset.from)
  return [...changes, Date.UTC(2026, 5, 10)].map((at) => [at - 26 * hour, at + 26 * hour])
}

/** Those that count from three days before to three days after. */
function near(offsets: readonly Offset[], begin: number, end: number): readonly Offset[] {
  const first = offsets.findLastIndex((offset) => offset.from <= begin - 72 * hour)
  return offsets.slice(Math.max(0, first)).filter((offset) => offset.from <= end + 72 * hour)
}

/** The ticks of (from, to] in small steps, as a beat takes them. */
function stepwise(rules: ScheduleRules, from: number, to: number): number[] {
  const ticks: number[] = []
  for (let at = from; ; ) {
    const [next] = nextTicks(rules, at, 1)
    if (next === undefined || next > to) return ticks
    ticks.push(next)
    at = next
  }
}

function check(zone: string): number {
  const offsets = offsetsOf(zone, from, to)
  let compared = 0
  for (const pattern of patterns) {
    const rules = rulesOf(pattern, zone)
    for (const [begin, end] of windowsOf(offsets)) {
      const expected = oracle(pattern, near(offsets, begin, end), begin, end)
      const what = `${pattern.expression} in ${zone} after ${new Date(begin).toISOString()}`
      const iso = (ticks: readonly number[]) => ticks.map((tick) => new Date(tick).toISOString())
      expect(iso(stepwise(rules, begin, end)), what).toEqual(iso(expected))
      expect(iso(ticksBetween(rules, begin, end, 1_000)), `${what}, at once`).toEqual(iso(expected))
      compared += expected.length
    }
  }
  return compared
}

/** Unlike the others: half an hour (Lord Howe), midnight (Havana, Beirut, Santiago), 45 minutes (Chatham, Troll: two hours), Ramadan. */
const special = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Havana',
  'Asia/Beirut',
  'America/Santiago',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'Africa/Casablanca',
  'America/Scoresbysund',
  'America/Nuuk',
  'Asia/Kathmandu',
]

const all = Intl.supportedValuesOf('timeZone')
const zones = full ? all : [...special, ...all.filter((_, index) => index % 40 === 7)]

test.each(zones)('ten years of %s are as the two rules say', (zone) => {
  expect(check(zone)).toBeGreaterThan(0)
})
