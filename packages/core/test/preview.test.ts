import { expect, test } from 'vitest'
import { preview, redacted, secretsBy } from '../src/runtime/redact.ts'

const isSecret = secretsBy(['hidden'])

/** What the writer makes of it: a name that is always cut keeps the shortcut from being taken. */
const slowly = (value: unknown): string => {
  const whole = preview({ value, password: '' }, isSecret)
  return whole.slice('{"value":'.length, -`,"password":"${redacted}"}`.length)
}

test('what needs no change is shown as it is, and by the shortcut as without it', () => {
  const values = [
    1,
    -0.5,
    true,
    null,
    '',
    'a "quoted"\n line',
    [],
    {},
    [1, [2, ['x']]],
    { user: 1, name: 'user', tags: ['a', 'b'], nested: { deep: [null] } },
  ]
  for (const value of values) {
    expect(preview(value, isSecret)).toBe(JSON.stringify(value))
    expect(slowly(value)).toBe(preview(value, isSecret))
  }
})

test('secrets and what is too long, too deep or too many are not', () => {
  const cases: readonly (readonly [value: unknown, shown: unknown])[] = [
    [{ a: { Password: 'x' } }, { a: { Password: redacted } }],
    [{ hidden_by_us: 1 }, { hidden_by_us: redacted }],
    ['x'.repeat(201), `${'x'.repeat(200)}…`],
    [Array.from({ length: 21 }, (_, n) => n), [...Array(20).keys(), '… 1 more']],
    [[[[[[1]]]]], [[[['[…]']]]]],
  ]
  for (const [value, shown] of cases) expect(JSON.parse(preview(value, isSecret))).toEqual(shown)
  const long = Array.from({ length: 20 }, () => 'x'.repeat(150))
  expect(preview(long, isSecret).length).toBeLessThan(1_400)
})
