import type { Settled } from '@tq/core'
import { expect, test } from 'vitest'
import { expected, priorityOf, workOf } from '../src/plan.ts'
import { summarise } from '../src/summary.ts'
import type { Outcome } from '../src/tasks.ts'

const done = (value: Partial<Outcome>): Settled<Outcome> => ({
  status: 'fulfilled',
  value: { task: 'settle', priority: 4, attempts: 1, endedAt: 0, ...value },
})

test('the summary counts every outcome once', () => {
  const accounts: readonly Settled<Outcome>[] = [
    ...[30, 10, 20].map((endedAt) => done({ endedAt })),
    done({ priority: 9, endedAt: 5, attempts: 2 }),
    done({ task: 'print', endedAt: 1_000 }),
    { status: 'rejected', reason: { name: 'TimeLimitExceeded', message: '', code: 'TIME_LIMIT_EXCEEDED' } },
    { status: 'rejected', reason: { name: 'Error', message: '' } },
  ]
  expect(summarise(accounts)).toEqual({
    succeeded: 5,
    failed: { TIME_LIMIT_EXCEEDED: 1, Error: 1 },
    byTask: { settle: 4, print: 1 },
    retried: 1,
    medianEnd: { 4: 20, 9: 5 },
  })
})

test('the plan of a whole night: every kind of work, every account once', () => {
  expect(expected(100_000)).toEqual({ settle: 99_000, fetch: 800, print: 150, endless: 50, retried: 1_021 })
  expect([0, 99, 499, 500].map(workOf)).toEqual(['settle', 'fetch', 'print', 'settle'])
  expect([0, 3, 4].map(priorityOf)).toEqual([9, 1, 4])
})
