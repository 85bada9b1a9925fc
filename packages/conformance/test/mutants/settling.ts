import type { Lease, Settlement } from '@tq/core/driver'
import { type Mutant, onReceiver } from './mutant.ts'

const allOk = (leases: readonly Lease[]): Settlement[] => leases.map(() => 'ok')

export const settlingMutants: readonly Mutant[] = [
  {
    name: 'ack does nothing',
    caughtBy: 'ack/done-is-gone',
    wrap: onReceiver(() => ({ ack: async (leases) => allOk(leases) })),
  },
  {
    name: 'a second ack is answered ok',
    caughtBy: 'ack/second-is-lost',
    wrap: onReceiver((real) => ({
      async ack(leases) {
        await real.ack(leases)
        return allOk(leases)
      },
    })),
  },
  {
    name: 'ack takes all earlier deliveries along',
    caughtBy: 'ack/out-of-order',
    wrap: onReceiver((real) => {
      const handedOut: Lease[] = []
      return {
        async receive(options) {
          const deliveries = await real.receive(options)
          handedOut.push(...deliveries.map(({ lease }) => lease))
          return deliveries
        },
        async ack(leases) {
          const last = Math.max(...leases.map((lease) => handedOut.indexOf(lease)))
          const settled = await real.ack(leases)
          await real.ack(handedOut.slice(0, last))
          return settled
        },
      }
    }),
  },
  {
    name: 'settlements come in another order',
    caughtBy: 'batch/mixed-outcomes-keep-their-places',
    wrap: onReceiver((real) => ({ extend: async (leases) => (await real.extend(leases)).toSorted() })),
  },
  {
    name: 'an ended lease spoils its neighbours',
    caughtBy: 'ack/live-among-ended',
    wrap: onReceiver((real) => ({
      async ack(leases) {
        const held = await real.extend(leases)
        return held.includes('lost') ? leases.map(() => 'lost') : await real.ack(leases)
      },
    })),
  },
  {
    name: 'nack loses the message',
    caughtBy: 'nack/comes-again-unchanged',
    wrap: onReceiver((real) => ({ nack: (leases) => real.ack(leases) })),
  },
  {
    name: 'nack forgets its delay',
    caughtBy: 'nack/delay-is-never-early',
    wrap: onReceiver((real) => ({ nack: (leases) => real.nack(leases, { delayMs: 0 }) })),
  },
  {
    name: 'extend is ignored',
    caughtBy: 'extend/keeps-the-lease',
    wrap: onReceiver(() => ({ extend: async (leases) => allOk(leases) })),
  },
  {
    name: 'extend does not tell what is lost',
    caughtBy: 'extend/says-what-is-still-held',
    wrap: onReceiver((real) => ({
      async extend(leases) {
        await real.extend(leases)
        return allOk(leases)
      },
    })),
  },
]
