import type { Clock } from '@tq/core/driver'
import { describe, expect, test } from 'vitest'
import { ServiceTime } from '../src/service-time.ts'

/** A clock that goes as it is told. */
function handClock(): { readonly clock: Clock; pass(ms: number): void } {
  let now = 10_000
  const clock: Clock = { now: () => now, monotonic: () => now, setTimer: () => () => {} }
  return {
    clock,
    pass: (ms) => {
      now += ms
    },
  }
}

/** Whole seconds, as the header has them. */
function header(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toUTCString()
}

describe('the time of a service', () => {
  test('is not known before an answer, and within a second after the first', () => {
    const { clock } = handClock()
    const time = new ServiceTime(clock)
    expect(time.uncertaintyMs).toBe(Number.POSITIVE_INFINITY)
    time.learn(header(Date.UTC(2026, 0, 1)), clock.monotonic())
    expect(time.uncertaintyMs).toBeLessThan(1_200)
  })

  test('comes to be known to some tens of milliseconds, and is never outside of what it says', () => {
    const { clock, pass } = handClock()
    for (const offset of [1_800_000_000_000, 1_800_000_000_999, 1_799_999_999_500.5]) {
      const time = new ServiceTime(clock)
      for (let question = 0; question < 300; question++) {
        const askedAt = clock.monotonic()
        pass(Math.random() * 20)
        // Hosts do not agree to the millisecond.
        const date = header(clock.monotonic() + offset + (Math.random() - 0.5) * 60)
        pass(Math.random() * 20)
        time.learn(date, askedAt)
        const { earliest, latest } = time.now()
        expect(earliest).toBeLessThanOrEqual(clock.monotonic() + offset)
        expect(latest).toBeGreaterThanOrEqual(clock.monotonic() + offset)
        pass(Math.random() * 150)
      }
      expect(time.uncertaintyMs).toBeLessThan(300)
    }
  })

  test('is learnt anew when answers contradict what was known', () => {
    const { clock, pass } = handClock()
    const time = new ServiceTime(clock)
    const learn = (offset: number) => {
      for (let question = 0; question < 20; question++) {
        time.learn(header(clock.monotonic() + offset), clock.monotonic())
        pass(77)
      }
    }
    learn(1_800_000_000_000)
    // As after a laptop slept: our clock stood still meanwhile.
    learn(1_800_003_600_000)
    const { earliest, latest } = time.now()
    const truth = clock.monotonic() + 1_800_003_600_000
    expect(earliest).toBeLessThanOrEqual(truth)
    expect(latest).toBeGreaterThanOrEqual(truth)
    expect(latest - earliest).toBeLessThan(400)
  })

  test('a slow answer, or one without a date, does no harm', () => {
    const { clock, pass } = handClock()
    const time = new ServiceTime(clock)
    time.learn(header(1_800_000_000_000), clock.monotonic())
    const before = time.uncertaintyMs
    const askedAt = clock.monotonic()
    pass(60_000)
    time.learn(header(1_800_000_060_000), askedAt)
    time.learn('', clock.monotonic())
    expect(time.uncertaintyMs).toBeLessThan(before + 60)
  })

  test('is less well known the longer nobody answers', () => {
    const { clock, pass } = handClock()
    const time = new ServiceTime(clock)
    time.learn(header(1_800_000_000_000), clock.monotonic())
    time.now()
    const before = time.uncertaintyMs
    pass(3_600_000)
    time.now()
    expect(time.uncertaintyMs).toBeGreaterThan(before + 1_000)
  })
})
