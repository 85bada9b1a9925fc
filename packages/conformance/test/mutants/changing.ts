import type { MessageChange } from '@tq/core/driver'
import { type Mutant, onBroker } from './mutant.ts'

/** Wraps an adapter whose queues are changed in another way. */
const onChange = (
  change: (real: (queue: string, id: string, change: MessageChange) => Promise<boolean>) => typeof real,
) =>
  onBroker(({ admin }) => {
    if (!admin?.change) throw new Error('memory can change what waits')
    return { admin: { ...admin, change: change(admin.change) } }
  })

export const changingMutants: readonly Mutant[] = [
  {
    name: 'a change of priority makes a delayed message ready',
    caughtBy: 'change/priority',
    wrap: onChange((real) => (queue, id, change) => real(queue, id, { delayMs: 0, ...change })),
  },
  {
    name: 'a new delay is cut short',
    caughtBy: 'change/later',
    wrap: onChange(
      (real) =>
        (queue, id, { delayMs, ...change }) =>
          real(queue, id, delayMs === undefined ? change : { ...change, delayMs: delayMs / 2 }),
    ),
  },
  {
    name: 'it is said to be changed, also when nothing waits',
    caughtBy: 'change/only-what-waits',
    wrap: onChange(
      (real) =>
        async (...call) =>
          (await real(...call)) || true,
    ),
  },
]
