import { type Mutant, onState } from './mutant.ts'

export const limitMutants: readonly Mutant[] = [
  {
    name: 'acquire gives one place too many',
    caughtBy: 'state/acquire-one-place',
    wrap: onState((real) => ({
      acquire: (key, holder, options) => real.acquire(key, holder, { ...options, limit: options.limit + 1 }),
    })),
  },
  {
    name: 'the fencing number does not rise',
    caughtBy: 'state/acquire-the-number-rises',
    wrap: onState((real) => ({
      acquire: async (key, holder, options) =>
        (await real.acquire(key, holder, options)) === undefined ? undefined : 1,
    })),
  },
  {
    name: 'the same holder takes a second place',
    caughtBy: 'state/acquire-the-same-holder-keeps-its-place',
    wrap: onState((real) => {
      let asked = 0
      return { acquire: (key, holder, options) => real.acquire(key, `${holder} ${asked++}`, options) }
    }),
  },
  {
    name: 'a late renewal takes the place again',
    caughtBy: 'state/renew',
    wrap: onState((real) => ({
      renew: async (key, holder, { ttlMs }) =>
        (await real.acquire(key, holder, { limit: 1, ttlMs })) !== undefined,
    })),
  },
  {
    name: 'anyone releases',
    caughtBy: 'state/acquire-expires',
    wrap: onState((real) => ({
      async release(key, holder) {
        const released = await real.release(key, holder)
        for (const other of await real.holders(key)) await real.release(key, other)
        return released
      },
    })),
  },
  {
    name: 'take never refuses',
    caughtBy: 'state/take-up-to-the-limit',
    wrap: onState(() => ({ take: async () => 0 })),
  },
  {
    name: 'take charges for what it refuses',
    caughtBy: 'state/take-refused-takes-nothing',
    wrap: onState((real) => ({
      async take(key, options) {
        const wait = await real.take(key, options)
        if (wait > 0) while ((await real.take(key, { ...options, cost: 1 })) === 0);
        return wait
      },
    })),
  },
  {
    name: 'a bucket overflows while idle',
    caughtBy: 'state/take-fills-no-further-than-the-limit',
    wrap: onState((real) => ({
      take: (key, { limit, windowMs, cost }) =>
        real.take(key, { limit: 3 * limit, windowMs: 3 * windowMs, cost }),
    })),
  },
  {
    name: 'what is parked is due early by a tenth',
    caughtBy: 'state/park-never-early',
    wrap: onState((real) => ({
      park: (lot, item, { delayMs }) => real.park(lot, item, { delayMs: 0.9 * delayMs }),
    })),
  },
  {
    name: 'what is due is not hidden',
    caughtBy: 'state/park-hidden-while-leased-then-again',
    wrap: onState((real) => ({ due: (lot, { limit }) => real.due(lot, { limit, leaseMs: 0 }) })),
  },
  {
    name: 'what is due comes once, unparked or not',
    caughtBy: 'state/park-hidden-while-leased-then-again',
    wrap: onState((real) => ({
      async due(lot, options) {
        const items = await real.due(lot, options)
        await real.unpark(
          lot,
          items.map(({ key }) => key),
        )
        return items
      },
    })),
  },
  {
    name: 'parking again does not replace',
    caughtBy: 'state/park-the-same-key-replaces',
    wrap: onState((real) => {
      const parked = new Set<string>()
      return {
        async park(lot, item, options) {
          if (parked.has(lot + item.key)) return
          parked.add(lot + item.key)
          await real.park(lot, item, options)
        },
      }
    }),
  },
]
