import type { Broker, OutboundMessage, Priority } from '@tq/core/driver'
import { type Mutant, onBroker } from './mutant.ts'

/** A broker that publishes something else than it was given. */
function onMessage(
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

const delayed = (change: (delayMs: number) => number) =>
  onMessage(({ delayMs = 0, ...message }) => ({ ...message, delayMs: delayMs > 0 ? change(delayMs) : 0 }))

const latin = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

/** Brings something else of a message than was stored, by its id. */
function onDelivered(change: (sent: OutboundMessage) => Partial<OutboundMessage>): Mutant['wrap'] {
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

export const publishingMutants: readonly Mutant[] = [
  {
    name: 'a body passes through text',
    caughtBy: 'bytes/every-value',
    wrap: onMessage(({ body, ...message }) => ({
      ...message,
      body: new TextEncoder().encode(new TextDecoder().decode(body)),
    })),
  },
  {
    name: 'a body is not copied',
    caughtBy: 'publish/body-belongs-to-the-caller',
    wrap: onDelivered(({ body }) => ({ body })),
  },
  {
    name: 'a body is sent with the buffer it lies in',
    caughtBy: 'bytes/part-of-a-larger-buffer',
    wrap: onMessage((message) => ({ ...message, body: new Uint8Array(message.body.buffer) })),
  },
  {
    name: 'headers are latin text',
    caughtBy: 'bytes/unicode-headers',
    wrap: onMessage(({ headers, ...message }) => ({
      ...message,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, latin(value)])),
    })),
  },
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
    name: 'a batch is stored last first',
    caughtBy: 'ordering/one-group-in-publish-order',
    wrap: onBroker((real) => ({ publish: (queue, messages) => real.publish(queue, messages.toReversed()) })),
  },
  {
    name: 'an id is taken once',
    caughtBy: 'publish/same-id-twice-gives-two-messages',
    wrap: onBroker((real) => {
      const taken = new Set<string>()
      return {
        async publish(queue, messages) {
          const fresh = messages.filter(({ id }) => !taken.has(id) && taken.add(id))
          await real.publish(queue, fresh)
          return messages.map(() => 'accepted')
        },
      }
    }),
  },
  {
    name: 'a message is stored twice',
    caughtBy: 'concurrency/one-message-many-waiting',
    wrap: onBroker((real) => ({
      async publish(queue, messages) {
        await real.publish(queue, messages)
        return await real.publish(queue, messages)
      },
    })),
  },
  {
    name: 'what is delayed counts as ready',
    caughtBy: 'admin/counts-ready-leased-and-delayed',
    wrap: onBroker(({ admin }) => ({
      admin: {
        async counts(queue) {
          const { ready = 0, leased = 0, delayed: waiting = 0 } = (await admin?.counts(queue)) ?? {}
          return { ready: ready + waiting, leased, delayed: 0 }
        },
        purge: async (queue) => (await admin?.purge(queue)) ?? 0,
      },
    })),
  },
]
