import type { Priority } from '@tq/core/driver'
import { onDelivered, onMessage } from './messages.ts'
import { type Mutant, onReceiver } from './mutant.ts'

/** All messages have one priority while they wait, and show their own when they come. */
const priorityIgnored = (adapter: Parameters<Mutant['wrap']>[0]) => {
  const priorities = new Map<string, Priority>()
  const onArrival = onDelivered(({ id }) => ({ priority: priorities.get(id) ?? 4 }))
  const onDeparture = onMessage((message) => {
    priorities.set(message.id, message.priority ?? 4)
    return { ...message, priority: 4 }
  })
  return onDeparture(onArrival(adapter))
}

export const priorityMutants: readonly Mutant[] = [
  {
    name: 'priority is ignored',
    caughtBy: 'priority/nine-before-zero',
    wrap: priorityIgnored,
  },
  {
    name: 'there are two priorities, not ten',
    caughtBy: 'priority/carried-unchanged',
    wrap: onMessage(({ priority = 4, ...message }) => ({ ...message, priority: priority > 4 ? 9 : 0 })),
  },
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
