import { type Delivery, sleep } from '@tq/core/driver'
import { type Mutant, onBroker, onReceiver } from './mutant.ts'

const never = new AbortController().signal

function aborted(signal: AbortSignal): Promise<readonly Delivery[]> {
  return new Promise((resolve) => {
    const end = () => resolve([])
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
  })
}

export const deliveringMutants: readonly Mutant[] = [
  {
    name: 'a lease never ends',
    caughtBy: 'expiry/unsettled-comes-back',
    wrap: onBroker((real) => ({
      openReceiver: (queue, options) =>
        real.openReceiver(queue, { ...options, leaseMs: Number.POSITIVE_INFINITY }),
    })),
  },
  {
    name: 'a lease ends at a third of its time',
    caughtBy: 'expiry/unsettled-comes-back',
    wrap: onBroker((real) => ({
      openReceiver: (queue, options) =>
        real.openReceiver(queue, { ...options, leaseMs: options.leaseMs / 3 }),
    })),
  },
  {
    name: 'a lost lease is not counted',
    caughtBy: 'expiry/raises-the-delivery-count',
    wrap: onReceiver((real) => ({
      async receive(options) {
        const deliveries = await real.receive(options)
        return deliveries.map((delivery) => ({ ...delivery, deliveryCount: 1 }))
      },
    })),
  },
  {
    name: 'receive waits to fill',
    caughtBy: 'receive/never-waits-to-fill',
    wrap: onReceiver((real, { context: { clock } }) => ({
      async receive({ max, waitMs, signal }) {
        const deliveries: Delivery[] = []
        const until = clock.monotonic() + waitMs
        for (let left = waitMs; left > 0 && !signal.aborted; left = until - clock.monotonic()) {
          deliveries.push(...(await real.receive({ max: max - deliveries.length, waitMs: left, signal })))
          if (deliveries.length >= max) break
        }
        return deliveries
      },
    })),
  },
  {
    name: 'receive looks once, then only waits',
    caughtBy: 'receive/waits-for-a-first-delivery',
    wrap: onReceiver((real, { context: { clock } }) => ({
      async receive({ max, waitMs, signal }) {
        const deliveries = await real.receive({ max, waitMs: 0, signal })
        if (deliveries.length === 0) await sleep(clock, waitMs, signal)
        return deliveries
      },
    })),
  },
  {
    name: 'receive does not wait',
    caughtBy: 'receive/an-empty-wait-ends-in-time',
    wrap: onReceiver((real) => ({ receive: (options) => real.receive({ ...options, waitMs: 0 }) })),
  },
  {
    name: 'max is ignored',
    caughtBy: 'receive/max-is-respected',
    wrap: onReceiver((real) => ({ receive: (options) => real.receive({ ...options, max: 100 }) })),
  },
  {
    name: 'prefetch is ignored',
    caughtBy: 'receive/prefetch-bounds-what-is-held',
    wrap: onReceiver(() => ({}), { extraPrefetch: 100 }),
  },
  {
    name: 'an abort is not noticed',
    caughtBy: 'receive/abort-ends-the-wait',
    wrap: onReceiver((real) => ({ receive: (options) => real.receive({ ...options, signal: never }) })),
  },
  {
    name: 'an abort strands what comes after it',
    caughtBy: 'receive/abort-strands-nothing',
    wrap: onReceiver((real) => ({
      receive: (options) =>
        Promise.race([real.receive({ ...options, signal: never }), aborted(options.signal)]),
    })),
  },
  {
    name: 'close forgets what is buffered',
    caughtBy: 'close/buffered-deliveries-go-back-at-once',
    wrap: onReceiver((real, { prefetch }) => {
      const buffered: Delivery[] = []
      return {
        async receive(options) {
          if (buffered.length === 0) buffered.push(...(await real.receive({ ...options, max: prefetch })))
          return buffered.splice(0, options.max)
        },
      }
    }),
  },
  {
    name: 'a closed receiver receives on',
    caughtBy: 'close/a-closed-receiver-receives-no-more',
    wrap: onReceiver(() => ({ close: async () => {} })),
  },
  {
    name: 'a closed instance goes on',
    caughtBy: 'close/methods-reject-as-closed',
    wrap: onBroker(() => ({ close: async () => {} })),
  },
  {
    name: 'closed is taken for a lost connection',
    caughtBy: 'close/methods-reject-as-closed',
    wrap: onBroker((real) => ({
      classify: (error) => (real.classify(error) === 'closed' ? 'connection' : real.classify(error)),
    })),
  },
]
