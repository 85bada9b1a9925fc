import { expect, test } from 'vitest'
import { at, crontab, every } from '../src/index.ts'

const expressionOf = (...given: Parameters<typeof crontab>) => {
  const timing = crontab(...given)
  return timing.kind === 'crontab' ? timing.expression : undefined
}

test('by name, as in Celery: what is not said is every one', () => {
  expect(expressionOf({ hour: 1, minute: 0 })).toBe('0 1 * * *')
  expect(expressionOf({ minute: '*/15' })).toBe('*/15 * * * *')
  expect(expressionOf({})).toBe('* * * * *')
  expect(expressionOf({ hour: [9, '17-19'], minute: 30, dayOfWeek: 'mon, fri' })).toBe(
    '30 9,17-19 * * MON,FRI',
  )
  expect(expressionOf({ second: '*/10' })).toBe('*/10 * * * * *')
})

test('as an expression: five fields, six with seconds, nicknames', () => {
  expect(expressionOf('  0   1 * *\t* ')).toBe('0 1 * * *')
  expect(expressionOf('0 0 1 * * *')).toBe('0 1 * * *')
  expect(expressionOf('*/5 * * * * *')).toBe('*/5 * * * * *')
  expect(expressionOf('@daily')).toBe('0 0 * * *')
  expect(expressionOf('0 0 ? * MON#2')).toBe('0 0 * * MON#2')
})

test.each([
  '0 0 31 4 *',
  '0 0 30 2 *',
  '0 0 31 2,4,6,9,11 *',
  '30 2',
  '* * * *',
  '* * * * * * *',
  '0 0 0 1 1 * 2020',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * 32 * *',
  '* * * 13 *',
  '* * * * 8',
  '5/5 * * * *',
  '*/0 * * * *',
  '*/-1 * * * *',
  '*/99 * * * *',
  '*/5/5 * * * *',
  '10-5 * * * *',
  '1-2-3 * * * *',
  '1,,2 * * * *',
  ', * * * *',
  '? * * * *',
  'L * * * *',
  '* * * * MON#6',
  '* * * * MON#',
  '* * * * #1',
  '* * 15W * *',
  '* * * FOO *',
  '1.5 * * * *',
  '1e1 * * * *',
  '٣ * * * *',
  '* * * * *; rm -rf /',
  '@every 5m',
  '@reboot',
  '@',
  '',
  '   ',
  '*'.repeat(10_000),
  `${'1,'.repeat(5_000)}1 * * * *`,
  `${' '.repeat(100_000)}*`,
  `${'*/2,'.repeat(120)}1 * * * *`,
  '\u0000 * * * *',
])('%j is refused in no time', (expression) => {
  const invalid = expect.objectContaining({ code: 'INVALID_SCHEDULE' })
  // The quickest of some: another process may have had the core meanwhile.
  const times = Array.from({ length: 10 }, () => {
    const before = performance.now()
    expect(() => crontab(expression)).toThrow(invalid)
    return performance.now() - before
  })
  expect(Math.min(...times)).toBeLessThan(10)
})

test('hostile ones by name are refused too', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_SCHEDULE' })
  expect(() => crontab({ dayOfMonth: 31, month: 4 })).toThrow(invalid)
  // Both must match: the first Monday is never so late.
  expect(() => crontab({ dayOfMonth: '8-31', dayOfWeek: 'MON#1' })).toThrow(invalid)
  expect(() => crontab({ minute: Number.NaN })).toThrow(invalid)
  expect(() => crontab({ minute: 1e9 })).toThrow(invalid)
  expect(() => crontab({ minute: { toString: () => '1' } as never })).not.toThrow()
  expect(() => crontab(null as never)).toThrow(invalid)
  expect(() => crontab(5 as never)).toThrow(invalid)
  expect(() => crontab({ minutes: 5 } as never)).toThrow(/unknown option 'minutes'/)
})

test('ten thousand random texts: each is read or refused in under 10 ms', () => {
  const alphabet = '* * * 0 1 5 1-5 */5 31 60 MON FEB L / - , # ? + @'.split(' ')
  let random = 1
  const next = (below: number) => {
    random = (random * 48_271) % 2_147_483_647
    return random % below
  }
  let slowest = 0
  let read = 0
  for (let round = 0; round < 10_000; round++) {
    const field = () =>
      Array.from({ length: 1 + Math.floor(next(12) / 10) }, () => alphabet[next(alphabet.length)]).join('')
    const text = Array.from({ length: 4 + next(4) }, field).join(' ')
    const look = () => {
      const before = performance.now()
      try {
        crontab(text)
        read++
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_SCHEDULE' })
      }
      return performance.now() - before
    }
    let took = look()
    // Another process may have had the core meanwhile.
    for (let again = 0; took >= 10 && again < 10; again++) took = Math.min(took, look())
    slowest = Math.max(slowest, took)
  }
  expect(read).toBeGreaterThan(10)
  expect(slowest).toBeLessThan(10)
})

test('intervals and dates', () => {
  expect(every('5m')).toEqual({ kind: 'every', everyMs: 300_000 })
  expect(() => every('50ms')).toThrow(expect.objectContaining({ code: 'INVALID_SCHEDULE' }))
  expect(() => every('soon' as never)).toThrow(expect.objectContaining({ code: 'INVALID_DURATION' }))
  expect(at(new Date(5))).toEqual({ kind: 'at', instant: 5 })
  expect(() => at(new Date('never'))).toThrow(expect.objectContaining({ code: 'INVALID_SCHEDULE' }))
})
