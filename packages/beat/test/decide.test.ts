import { every, type ScheduleProgress, type ScheduleRules, type StoredSchedule } from '@tq/core'
import { expect, test } from 'vitest'
import { decide } from '../src/decide.ts'
import { jitterOf } from '../src/jitter.ts'

const minute = 60_000
const start = Date.UTC(2026, 10, 26, 12)
/** Ten minutes later: ten ticks have come, the last one just now. */
const now = start + 10 * minute

function schedule(rules: Partial<ScheduleRules> = {}): StoredSchedule {
  return {
    v: 1,
    name: 'every-minute',
    source: 'store',
    paused: false,
    since: start,
    sends: { kind: 'task', task: 'task', queue: 'default', ttlMs: 1, envelope: {} },
    rules: {
      timing: every('1m'),
      timeZone: 'UTC',
      missed: 'latest',
      overlap: 'allow',
      jitterMs: 0,
      enabled: true,
      ...rules,
    },
  }
}

function progress(more: Partial<ScheduleProgress> = {}): ScheduleProgress {
  return { v: 1, term: 1, decided: start, waiting: [], dropped: 0, ...more }
}

const minutes = (ticks: readonly number[] = []) => ticks.map((tick) => (tick - start) / minute)

test('nothing has come', () => {
  expect(decide(schedule(), progress({ decided: now }), now + 1, false)).toBeUndefined()
  expect(decide(schedule(), undefined, start + minute - 1, false)).toBeUndefined()
})

test('ticks before it was made do not count', () => {
  const decided = decide(schedule({ missed: 'all' }), undefined, start + minute, false)
  expect(minutes(decided?.waiting)).toEqual([1])
})

test.each([
  ['skip', 0, [9, 10], 8],
  ['latest', 0, [9, 10], 8],
  ['all', 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
] as const)('missed: %s, up to date', (missed, _, sent, dropped) => {
  const decided = decide(schedule({ missed }), progress(), now, false)
  expect(minutes(decided?.waiting)).toEqual(sent)
  expect(decided).toMatchObject({ dropped, decided: now })
})

test.each([
  ['skip', [], 2],
  ['latest', [10], 1],
  ['all', [5, 10], 0],
] as const)('missed: %s, when even the last one is late', (missed, sent, dropped) => {
  const rare = schedule({ missed, timing: every('5m') })
  const decided = decide(rare, progress(), now + 2 * minute, false)
  expect(minutes(decided?.waiting)).toEqual(sent)
  expect(decided).toMatchObject({ dropped, decided: now })
})

test('missed: all is bounded, the last ones count', () => {
  const decided = decide(schedule({ missed: 'all' }), progress(), start + 5_000 * minute, false)
  expect(decided?.waiting).toHaveLength(1_000)
  expect(minutes(decided?.waiting).at(-1)).toBe(5_000)
})

test('overlap: skip sends one, and none beside one that runs', () => {
  const skip = schedule({ overlap: 'skip', missed: 'all' })
  expect(minutes(decide(skip, progress(), now, false)?.waiting)).toEqual([10])
  expect(decide(skip, progress(), now, true)).toMatchObject({ waiting: [], dropped: 10, decided: now })
  const waiting = [start + minute]
  expect(decide(skip, progress({ decided: start + minute, waiting }), now, false)?.waiting).toEqual(waiting)
})

test('overlap: queue keeps what waits, up to a bound', () => {
  const queue = schedule({ overlap: 'queue', missed: 'all' })
  const waiting = [start + minute]
  const decided = decide(queue, progress({ decided: now - minute, waiting }), now, true)
  expect(minutes(decided?.waiting)).toEqual([1, 10])
  const full = Array.from({ length: 1_000 }, (_, index) => start + index)
  expect(decide(queue, progress({ decided: now - minute, waiting: full }), now, true)).toMatchObject({
    waiting: full,
    dropped: 1,
  })
})

test('jitter is within its bound, fixed for each tick, and spread over it', () => {
  const delays = Array.from({ length: 1_000 }, (_, index) => jitterOf(`tick ${index}`, minute))
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...delays)).toBeLessThan(minute)
  expect(delays.filter((delay) => delay < minute / 2).length).toBeGreaterThan(400)
  expect(jitterOf('tick 7', minute)).toBe(delays[7])
  expect(jitterOf('tick 7', 0)).toBe(0)
})
