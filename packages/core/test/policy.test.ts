import { describe, expect, test } from 'vitest'
import { Reject, RetryRequest } from '../src/errors/control.ts'
import { TimeLimitExceeded } from '../src/errors/task-errors.ts'
import { backoffDelay } from '../src/policy/backoff.ts'
import { nextHop } from '../src/policy/delay-hop.ts'
import { isDead, isSuspect } from '../src/policy/poison.ts'
import { decideRetry } from '../src/policy/retry.ts'
import type { Backoff } from '../src/task/task-policy.ts'
import { QueueOrder } from '../src/worker/queue-order.ts'
import { ReadAhead } from '../src/worker/read-ahead.ts'

const backoff: Backoff = { type: 'exponential', baseMs: 1_000, maxMs: 60_000, jitter: false }
const policy = { maxRetries: 3, backoff, retryIf: undefined }

describe('backoff', () => {
  test('doubles up to its maximum', () => {
    expect([0, 1, 2, 5, 6, 500].map((attempt) => backoffDelay(backoff, attempt, 0))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ])
  })
  test('full jitter takes any part of it', () => {
    const jittered = { ...backoff, jitter: true }
    expect([0, 0.5, 0.999].map((random) => backoffDelay(jittered, 1, random))).toEqual([0, 1_000, 1_998])
  })
})

describe('retry', () => {
  const decide = (error: unknown, attempt = 0, more = {}) =>
    decideRetry(error, attempt, { ...policy, ...more }, 0)

  test('an error is retried until the retries are used up', () => {
    expect(decide(new Error('x'), 2)).toEqual({ retry: true, delayMs: 4_000, nextAttempt: 3 })
    expect(decide(new Error('x'), 3)).toEqual({ retry: false, reason: 'retries used up' })
  })
  test('Reject and a hard limit are final', () => {
    expect(decide(new Reject('no'))).toMatchObject({ retry: false })
    expect(decide(new TimeLimitExceeded(5))).toMatchObject({ retry: false })
  })
  test('retryIf may say no', () => {
    expect(decide(new Error('x'), 0, { retryIf: () => false })).toMatchObject({ retry: false })
  })
  test('ctx.retry chooses its delay, and may cost nothing', () => {
    expect(decide(new RetryRequest(5, true, undefined))).toEqual({ retry: true, delayMs: 5, nextAttempt: 1 })
    expect(decide(new RetryRequest(5, false, undefined), 3)).toEqual({
      retry: true,
      delayMs: 5,
      nextAttempt: 3,
    })
  })
})

test('a delay longer than the broker can hold goes in hops', () => {
  expect(nextHop(500, 900)).toEqual({ delayMs: 500, leftMs: 0 })
  expect(nextHop(2_000, 900)).toEqual({ delayMs: 900, leftMs: 1_100 })
})

test('two lost leases make a suspect, ten a dead letter; unknown counts none', () => {
  expect([undefined, 1, 2, 3, 10].map(isSuspect)).toEqual([false, false, false, true, true])
  expect([undefined, 1, 10, 11].map((count) => isDead(count, false))).toEqual([false, false, false, true])
})

test('where starts are counted, only fifty do', () => {
  expect([undefined, 11, 50, 51].map((count) => isDead(count, true))).toEqual([false, false, false, true])
})

test('weights decide who starts a turn', () => {
  const order = new QueueOrder(
    [
      { name: 'a', weight: 5 },
      { name: 'b', weight: 1 },
    ],
    'fair',
  )
  const first = Array.from({ length: 600 }, () => order.turn()[0])
  expect(first.filter((index) => index === 1)).toHaveLength(100)
})

test('strict order always asks the first queue first', () => {
  const order = new QueueOrder(
    [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 9 },
    ],
    'strict',
  )
  expect([order.turn(), order.turn()]).toEqual([
    [0, 1],
    [0, 1],
  ])
})

test('nothing is read ahead of first runs and of long ones', () => {
  const ahead = new ReadAhead(256, 1)
  expect(ahead.room).toBe(0)
  for (let run = 0; run < 8; run++) ahead.observe(0.1)
  expect(ahead.room).toBe(256)
  ahead.observe(1_000)
  expect(ahead.room).toBe(0)
})
