import type { Clock } from '../contracts/time.ts'

/** Node's timers fire at once when asked for more than 2^31 - 1 ms, so longer waits go in pieces. */
const longestTimer = 2 ** 31 - 1

/** Real time. The only place in core that touches Node's timers and clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback, options) {
    const due = performance.now() + Math.max(0, delayMs)
    let handle: NodeJS.Timeout
    const arm = () => {
      const left = due - performance.now()
      handle = setTimeout(left > longestTimer ? arm : callback, Math.min(Math.max(0, left), longestTimer))
      if (options?.background) handle.unref()
    }
    arm()
    return () => clearTimeout(handle)
  },
}
