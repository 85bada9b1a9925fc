import { describe, expect, test } from 'vitest'
import { type Duration, parseDuration } from '../src/options/duration.ts'
import { checkQueueName, checkTaskId, checkTaskName } from '../src/options/names.ts'

describe('durations', () => {
  test.each<[Duration, number]>([
    [250, 250],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['3w', 1_814_400_000],
    ['0s', 0],
  ])('%s is %d ms', (text, millis) => expect(parseDuration(text, 'x')).toBe(millis))

  test.each(['5 parsecs', '', 's', '-1s', '1e3s', 'Infinityms', '101000w', '5m5s', null, {}, Number.NaN, -1])(
    '%s is refused',
    (text) =>
      expect(() => parseDuration(text as Duration, 'timeLimit')).toThrow(
        expect.objectContaining({ code: 'INVALID_DURATION', message: expect.stringContaining('timeLimit') }),
      ),
  )
})

describe('names', () => {
  const refused = expect.objectContaining({ code: 'INVALID_NAME' })
  const long = 'q'.repeat(1_000)

  test.each(['', ' ', 'a b', 'a:b', '{a}', 'ü', '../x', '.a', '-a', long, 'a\n', undefined])(
    'queue %j is refused',
    (name) => expect(() => checkQueueName(name as string)).toThrow(refused),
  )
  test.each(['default', 'high_priority', 'a.b-c', '9'])('queue %s is fine', (name) =>
    expect(checkQueueName(name)).toBe(name),
  )

  test.each(['', ' ', 'a b', '{a}', long, 'a\n', 'toString()', undefined])('task %j is refused', (name) =>
    expect(() => checkTaskName(name as string)).toThrow(refused),
  )
  test.each(['add', 'document.process', 'a:b/c@1', '处理文档', '__proto__'])('task %s is fine', (name) =>
    expect(checkTaskName(name)).toBe(name),
  )

  test.each(['', 'a b', 'ü', long])('id %j is refused', (id) =>
    expect(() => checkTaskId(id)).toThrow(refused),
  )
})
