import { expect, test } from 'vitest'
import { cronWords } from '../ui/src/lib/cron-words.ts'

test.each([
  ['0 9 * * *', 'every day at 09:00'],
  ['30 3 1 * *', 'at 03:30, on day 1 of the month'],
  ['0 9,17 * * 1-5', 'at 09:00 and 17:00, Monday to Friday'],
  ['0 0 * * 0', 'at 00:00, on Sunday'],
  ['*/5 * * * *', 'every 5 minutes'],
  ['* * * * *', 'every minute'],
  ['15 * * * *', 'every hour at :15'],
  ['0 */6 * * *', 'every 6 hours at :00'],
  ['0 3 1 1,7 *', 'at 03:00, on day 1 of the month, in January and July'],
])('%s', (expression, words) => {
  expect(cronWords(`crontab ${expression}`)).toBe(words)
})

test('what has no short words has none', () => {
  for (const when of [
    'every 5m',
    'crontab 0 9 1 * 1',
    'crontab 0-5 9 * * *',
    'crontab 0 9 * * 9',
    'crontab 0 9 * * 1 (both day fields)',
  ])
    expect([when, cronWords(when)]).toEqual([when, undefined])
})
