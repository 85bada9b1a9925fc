import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { fifo, unordered } from './offers.ts'
import { idsOf, message, messages } from './stage.ts'

export const orderingCases: readonly BrokerCase[] = [
  {
    id: 'ordering/one-group-in-publish-order',
    promise: '`fifo`: messages of one priority and group come in the order they were published.',
    requires: [fifo],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 1 })
      const sent = messages(40, { group: 'one' })
      for (let start = 0; start < sent.length; start += 8) {
        await stage.publish(broker, queue, ...sent.slice(start, start + 8))
      }
      for (const { id } of sent) {
        const delivery = await stage.takeOne(receiver)
        assert.equal(delivery.message.id, id)
        await receiver.ack([delivery.lease])
      }
    },
  },
  {
    id: 'ordering/each-group-for-itself',
    promise: '`fifo`: messages of one priority and group come in the order they were published.',
    requires: [fifo],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 4 })
      const groups = ['a', 'b', 'c']
      const sent = Array.from({ length: 30 }, (_, at) => {
        const group = groups[at % groups.length] ?? 'a'
        return message({ id: `${group}${String(at).padStart(2, '0')}`, group })
      })
      await stage.publish(broker, queue, ...sent)
      const seen: string[] = []
      while (seen.length < sent.length) {
        for (const { message: received, lease } of await stage.receive(receiver, { max: 4 })) {
          seen.push(received.id)
          await receiver.ack([lease])
        }
      }
      for (const group of groups) {
        const own = seen.filter((id) => id.startsWith(group))
        assert.deepEqual(own, [...own].sort(), `group ${group}`)
        assert.equal(own.length, 10)
      }
    },
  },
  {
    id: 'ordering/none-still-brings-each',
    promise: "ordering 'none': no order is promised, and none is lost for it.",
    requires: [unordered],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 64 })
      const sent = [...messages(10, { group: 'a' }), ...messages(10, { group: 'b' }), ...messages(10)]
      await stage.publish(broker, queue, ...sent)
      assert.deepEqual(idsOf(await stage.take(receiver, sent.length)), idsOf(sent))
    },
  },
]
