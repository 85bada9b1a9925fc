import type { Delivery, InboundMessage, Lease, Receiver } from '@tq/core/driver'
import { type Mutant, onReceiver } from './mutant.ts'

/** Every delivery that went out, and who has each message now. */
class Deliveries {
  readonly #messages = new Map<Lease, InboundMessage>()
  readonly #holders = new Map<string, { readonly receiver: Receiver; readonly lease: Lease }>()

  async receive(
    receiver: Receiver,
    options: Parameters<Receiver['receive']>[0],
  ): Promise<readonly Delivery[]> {
    const deliveries = await receiver.receive(options)
    for (const { lease, message } of deliveries) {
      this.#messages.set(lease, message)
      this.#holders.set(message.id, { receiver, lease })
    }
    return deliveries
  }

  messageOf(lease: Lease): InboundMessage | undefined {
    return this.#messages.get(lease)
  }

  /** Settles the delivery of whoever has the message of this lease now. */
  async settleForSuccessor(lease: Lease, how: 'ack' | 'extend'): Promise<void> {
    const holder = this.#holders.get(this.messageOf(lease)?.id ?? '')
    await holder?.receiver[how]([holder.lease])
  }
}

export const fencingMutants: readonly Mutant[] = [
  {
    name: 'a stale ack is answered lost, but settles the successor',
    caughtBy: 'lease/stale-holder-cannot-ack-successor',
    wrap: (adapter) => {
      const all = new Deliveries()
      const change = (real: Receiver): Partial<Receiver> => ({
        receive: (options) => all.receive(real, options),
        async ack(leases) {
          const settlements = await real.ack(leases)
          for (const [at, lease] of leases.entries())
            if (settlements[at] === 'lost') await all.settleForSuccessor(lease, 'ack')
          return settlements
        },
      })
      return onReceiver(change)(adapter)
    },
  },
  {
    name: 'a stale extend is answered ok',
    caughtBy: 'lease/stale-holder-cannot-extend-successor',
    wrap: (adapter) => {
      const all = new Deliveries()
      const change = (real: Receiver): Partial<Receiver> => ({
        receive: (options) => all.receive(real, options),
        async extend(leases) {
          for (const lease of leases) await all.settleForSuccessor(lease, 'extend')
          return leases.map(() => 'ok')
        },
      })
      return onReceiver(change)(adapter)
    },
  },
  {
    name: 'a stale nack makes a copy',
    caughtBy: 'lease/stale-holder-cannot-nack-successor',
    wrap: (adapter) => {
      const all = new Deliveries()
      return onReceiver((real, { broker, queue }) => ({
        receive: (options) => all.receive(real, options),
        async nack(leases, options) {
          const settlements = await real.nack(leases, options)
          for (const [at, lease] of leases.entries()) {
            const message = all.messageOf(lease)
            if (settlements[at] === 'lost' && message) await broker.publish(queue, [message])
          }
          return settlements
        },
      }))(adapter)
    },
  },
  {
    name: 'nack raises the delivery count',
    caughtBy: 'nack/is-not-counted',
    wrap: (adapter) => {
      const all = new Deliveries()
      const nacks = new Map<string, number>()
      return onReceiver((real) => ({
        async receive(options) {
          const deliveries = await all.receive(real, options)
          return deliveries.map((delivery) => ({
            ...delivery,
            deliveryCount: (delivery.deliveryCount ?? 1) + (nacks.get(delivery.message.id) ?? 0),
          }))
        },
        nack(leases, options) {
          for (const lease of leases) {
            const id = all.messageOf(lease)?.id ?? ''
            nacks.set(id, (nacks.get(id) ?? 0) + 1)
          }
          return real.nack(leases, options)
        },
      }))(adapter)
    },
  },
]
