import type { Clock, Millis } from '../contracts/time.ts'
import { type Duration, parseDuration } from '../options/duration.ts'

interface Timer {
  readonly due: Millis
  readonly order: number
  readonly callback: () => void
}

/** A clock that stands still until a test moves it. Timers fire in the order of their due times. */
export interface VirtualClock extends Clock {
  /**
   * Moves time forward, firing what falls due on the way and letting the promises that follow from each timer
   * settle before the next one.
   *
   * @example await clock.advance('3w')
   */
  advance(time: Duration): Promise<void>
}

/** @param startAt What `now()` says at first; milliseconds since 1970. */
export function createVirtualClock(startAt = Date.UTC(2026, 0, 1)): VirtualClock {
  let elapsed = 0
  let order = 0
  const timers = new Set<Timer>()

  const nextDue = (until: Millis): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.due > until) continue
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer
    }
    return first
  }

  return {
    now: () => startAt + elapsed,
    monotonic: () => elapsed,
    setTimer(delayMs, callback) {
      const timer = { due: elapsed + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(time) {
      const until = elapsed + parseDuration(time, 'advance')
      await settled()
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        timers.delete(timer)
        elapsed = timer.due
        timer.callback()
        await settled()
      }
      elapsed = until
      await settled()
    },
  }
}

/** Two turns of the event loop: every promise chain and `setImmediate` that was due has run. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}
