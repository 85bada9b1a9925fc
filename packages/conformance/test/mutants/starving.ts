import { type Mutant, onReceiver } from './mutant.ts'

export const starvingMutants: readonly Mutant[] = [
  {
    name: 'low priorities starve',
    caughtBy: 'priority/low-ones-are-served-too',
    // Of two deliveries it hands out the more urgent one, so that no start from the bottom is ever seen.
    wrap: onReceiver(
      (real) => ({
        async receive(options) {
          const [one] = await real.receive({ ...options, max: 1 })
          if (!one) return []
          const [other] = await real.receive({ ...options, max: 1, waitMs: 0 })
          if (!other) return [one]
          const [high, low] = other.message.priority > one.message.priority ? [other, one] : [one, other]
          await real.nack([low.lease], { delayMs: 0 })
          return [high]
        },
      }),
      { extraPrefetch: 1 },
    ),
  },
]
