import { onDelivered, onMessage } from './messages.ts'
import { type Mutant, onBroker } from './mutant.ts'

const latin = (text: string) => Buffer.from(text, 'latin1').toString('latin1')

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
