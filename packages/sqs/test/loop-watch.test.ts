import { createVirtualClock } from '@tq/core/testing'
import { expect, test } from 'vitest'
import { LoopWatch } from '../src/loop-watch.ts'

test('what is read now came just now, as long as the loop turns', async () => {
  const clock = createVirtualClock()
  const watch = new LoopWatch(clock)
  const end = watch.watch()
  await clock.advance(10_000)
  expect(clock.monotonic() - watch.unreadSince).toBeLessThanOrEqual(250)
  end()
})

test('after a gap it may have come since the last sign of life, and that is forgotten a second later', () => {
  // A clock that jumps while nothing runs, as for a process that was stopped.
  let now = 1_000
  let beat = () => {}
  const watch = new LoopWatch({
    now: () => now,
    monotonic: () => now,
    setTimer: (_, callback) => {
      beat = callback
      return () => {}
    },
  })
  watch.watch()
  now += 250
  beat()
  now += 60_000
  // The answer is read before the timer gets its turn.
  expect(watch.unreadSince).toBe(1_250)
  beat()
  now += 100
  beat()
  expect(watch.unreadSince).toBe(1_250)
  for (let beats = 0; beats < 5; beats++) {
    now += 250
    beat()
  }
  expect(now - watch.unreadSince).toBeLessThanOrEqual(250)
})
