import { expect, test } from 'vitest'
import { momentWords, parseMoment } from '../ui/src/lib/moment.ts'
import { rateProblem, rateText } from '../ui/src/lib/rate.ts'

// What is typed into the questions of the pages, by the clock of whoever types it.
const now = new Date(2026, 10, 26, 18, 0).getTime()
const minute = 60_000

test.each([
  ['10m', 10 * minute],
  ['1.5h', 90 * minute],
  ['2 d', 2 * 1_440 * minute],
  ['18:30', 30 * minute],
  ['9:15', (15 * 60 + 15) * minute],
  ['18:00', 1_440 * minute],
  ['2026-11-26 18:05', 5 * minute],
  ['2026-11-26T18:05', 5 * minute],
  ['2026-11-26 17:00', -60 * minute],
])('%s is understood', (text, passes) => {
  const found = parseMoment(text, now)
  expect(found?.at).toBe(now + passes)
  const says = found?.moment
  if (says && 'eta' in says) expect(Date.parse(says.eta)).toBe(now + passes)
  else expect(says).toEqual({ countdown: text })
})

test.each([
  '',
  'soon',
  '10',
  '-5m',
  '24:00',
  '12:60',
  '5 o’clock',
  'Nov 26',
  '2026-11-26',
  '2026-13-01 10:00',
])('%o is not', (text) => {
  expect(parseMoment(text, now)).toBeUndefined()
  expect(momentWords(text, now)).toContain('such as 10m')
})

test('it is told what was understood', () => {
  expect(momentWords(' 18:30 ', now)).toMatch(/, in 30 m\.$/)
  expect(momentWords('2026-11-26 17:00', now)).toContain('At once')
})

test('rates: as they are written, and what is wrong with others', () => {
  expect(rateText({ limit: 100, windowMs: 60_000 })).toBe('100/m')
  expect(rateText({ limit: 5, windowMs: 30_000 })).toBe('5 in 30 s')
  for (const text of ['1/s', '100/m', '5/h', '2/d'])
    expect([text, rateProblem(text)]).toEqual([text, undefined])
  for (const text of ['', 'fast', '10', '10/w', '1.5/m', '-1/m', '10 /m'])
    expect([text, rateProblem(text)]).toEqual([text, expect.stringContaining('such as 100/m')])
  expect(rateProblem('0/m')).toContain('pause its queue')
})
