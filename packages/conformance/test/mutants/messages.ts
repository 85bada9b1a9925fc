import type { Broker, OutboundMessage } from '@tq/core/driver'
import { type Mutant, onBroker } from './mutant.ts'

/** A broker that publishes something else than it was given. */
export function onMessage(
  change: (message: OutboundMessage, capabilities: Broker['capabilities']) => OutboundMessage,
) {
  return onBroker((real) => ({
    publish: (queue, messages) =>
      real.publish(
        queue,
        messages.map((message) => change(message, real.capabilities)),
      ),
  }))
}

/** Brings something else of a message than was stored, by its id. */
export function onDelivered(change: (sent: OutboundMessage) => Partial<OutboundMessage>): Mutant['wrap'] {
  return onBroker((real) => {
    const sent = new Map<string, OutboundMessage>()
    return {
      publish(queue, messages) {
        for (const message of messages) sent.set(message.id, message)
        return real.publish(queue, messages)
      },
      async openReceiver(queue, options) {
        const receiver = await real.openReceiver(queue, options)
        const receive = receiver.receive.bind(receiver)
        receiver.receive = async (how) =>
          (await receive(how)).map((delivery) => {
            const original = sent.get(delivery.message.id)
            return { ...delivery, message: { ...delivery.message, ...(original && change(original)) } }
          })
        return receiver
      },
    }
  })
}
