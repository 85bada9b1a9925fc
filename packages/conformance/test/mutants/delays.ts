import { onMessage } from './messages.ts'
import type { Mutant } from './mutant.ts'

const delayed = (change: (delayMs: number) => number) =>
  onMessage(({ delayMs = 0, ...message }) => ({ ...message, delayMs: delayMs > 0 ? change(delayMs) : 0 }))

export const delayMutants: readonly Mutant[] = [
  {
    name: 'a delay is ignored',
    caughtBy: 'delay/never-early-and-soon-after',
    wrap: delayed(() => 0),
  },
  {
    name: 'a delay ends early by a tenth',
    caughtBy: 'delay/never-early-and-soon-after',
    wrap: delayed((delayMs) => delayMs * 0.9),
  },
  {
    name: 'a delay ends late by two seconds',
    caughtBy: 'delay/a-waiting-receiver-wakes-when-due',
    wrap: delayed((delayMs) => delayMs + 2_000),
  },
  {
    name: 'a delay longer than a timer becomes none',
    caughtBy: 'delay/longest-is-accepted',
    wrap: delayed((delayMs) => (delayMs > 2 ** 31 - 1 ? 1 : delayMs)),
  },
  {
    name: 'a delay that is too long is shortened',
    caughtBy: 'delay/above-max-is-refused',
    wrap: onMessage(({ delayMs = 0, ...message }, { maxDelayMs }) => ({
      ...message,
      delayMs: Math.min(delayMs, maxDelayMs),
    })),
  },
]
