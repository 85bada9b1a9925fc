import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { counted } from './offers.ts'
import { bytes, idsOf, leasesOf, message, messages } from './stage.ts'

export const nackCases: readonly BrokerCase[] = [
  {
    id: 'nack/comes-again-unchanged',
    promise: 'Given back unchanged, receivable again after `delayMs`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = message({ body: bytes('kept'), headers: { one: '1', two: 'zwei' }, priority: 7 })
      await stage.publish(broker, queue, sent)
      for (let round = 0; round < 3; round++) {
        const { lease, message: received } = await stage.takeOne(receiver)
        assert.equal(received.id, sent.id)
        assert.deepEqual([...received.body], [...sent.body])
        assert.deepEqual({ ...received.headers }, sent.headers)
        assert.equal(received.priority, 7)
        assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['ok'])
      }
    },
  },
  {
    id: 'nack/comes-to-others-too',
    promise: 'Given back: receivable again.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, ...messages(3))
      const held = await stage.take(receiver, 3)
      assert.deepEqual(await receiver.nack(leasesOf(held), { delayMs: 0 }), ['ok', 'ok', 'ok'])
      assert.deepEqual(idsOf(await stage.take(other, 3)), idsOf(held))
    },
  },
  {
    id: 'nack/delay-is-never-early',
    promise: 'Receivable again after `delayMs`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      const nackedAt = stage.time.now()
      assert.deepEqual(await receiver.nack([lease], { delayMs: stage.delayMs }), ['ok'])
      await stage.nothing(receiver, 'not before half the delay', stage.delayMs / 2)
      await stage.takeOne(receiver, stage.delayMs + stage.promptMs)
      const took = stage.time.now() - nackedAt
      assert.ok(took >= stage.delayMs - 2, `came ${took} ms after a nack by ${stage.delayMs} ms`)
      assert.ok(took <= stage.delayMs + 1_000 + stage.resolution, `came ${took} ms after the nack`)
    },
  },
  {
    id: 'nack/second-is-lost',
    promise: 'The right to settle one delivery ends with it.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['ok'])
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['lost'])
      const again = await stage.takeOne(receiver)
      await stage.nothing(receiver, 'a repeated nack makes no second copy')
      assert.deepEqual(await receiver.ack([again.lease]), ['ok'])
    },
  },
  {
    id: 'nack/settled-lease-cannot-ack-its-successor',
    promise: 'Two deliveries of a message never share a lease.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const first = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.nack([first.lease], { delayMs: 0 }), ['ok'])
      const second = await stage.takeOne(receiver)
      assert.notEqual(first.lease, second.lease)
      assert.deepEqual(await receiver.ack([first.lease]), ['lost'])
      assert.deepEqual(await receiver.extend([first.lease]), ['lost'])
      assert.deepEqual(
        await receiver.nack([second.lease], { delayMs: 0 }),
        ['ok'],
        'the successor was untouched',
      )
      assert.equal((await stage.takeOne(receiver)).message.id, first.message.id)
    },
  },
  {
    id: 'nack/is-not-counted',
    promise: 'Does not raise `deliveryCount`.',
    requires: [counted],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      for (let round = 0; round < 3; round++) {
        const { lease, deliveryCount } = await stage.takeOne(receiver)
        assert.equal(deliveryCount, 1, `after ${round} nacks`)
        await receiver.nack([lease], { delayMs: 0 })
      }
    },
  },
  {
    id: 'nack/loses-nothing-on-the-way',
    promise: 'May duplicate a message if the process dies midway, must never lose it.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 20 })
      const sent = messages(20)
      await stage.publish(broker, queue, ...sent)
      const size = Math.min(20, broker.capabilities.maxBatch)
      for (let round = 0; round < 3; round++) {
        const held = await stage.take(receiver, sent.length)
        for (let start = 0; start < held.length; start += size) {
          await receiver.nack(leasesOf(held.slice(start, start + size)), { delayMs: 0 })
        }
      }
      assert.deepEqual(idsOf(await stage.take(receiver, sent.length)), idsOf(sent))
    },
  },
]
