import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { strict, timedLease } from './offers.ts'
import { leasesOf, message, messages } from './stage.ts'

export const ackCases: readonly BrokerCase[] = [
  {
    id: 'ack/done-is-gone',
    promise: 'Done: the messages are gone.',
    async run(stage) {
      const setting = await stage.set({ leaseMs: stage.leaseMs })
      const { broker, queue, receiver } = setting
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
      await stage.loseLeases(setting)
      const successor = await stage.receiver(await stage.again(broker), queue)
      await stage.nothing(successor, 'an acknowledged message does not come back', stage.leaseMs)
    },
  },
  {
    id: 'ack/one-settlement-per-lease-in-order',
    promise: 'One settlement per lease, in order. A second ack is `lost`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...messages(3))
      const [first, second, third] = await stage.take(receiver, 3)
      assert.ok(first && second && third)
      assert.deepEqual(await receiver.ack([second.lease]), ['ok'])
      const settlements = await receiver.ack(leasesOf([first, second, third]))
      assert.deepEqual(settlements, ['ok', 'lost', 'ok'])
    },
  },
  {
    id: 'ack/second-is-lost',
    promise: 'A second ack is `lost`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
      assert.deepEqual(await receiver.ack([lease]), ['lost'])
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['lost'], 'nor can it be given back')
      assert.deepEqual(await receiver.extend([lease]), ['lost'], 'nor kept')
      await stage.nothing(receiver, 'and it stays gone')
    },
  },
  {
    id: 'ack/the-same-lease-twice-in-one-call',
    promise: 'One settlement per lease, in order. A second ack is `lost`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.ack([lease, lease]), ['ok', 'lost'])
    },
  },
  {
    id: 'ack/nothing-is-no-error',
    promise: 'One settlement per lease, in order.',
    async run(stage) {
      const { receiver } = await stage.set()
      assert.deepEqual(await receiver.ack([]), [])
      assert.deepEqual(await receiver.nack([], { delayMs: 0 }), [])
      assert.deepEqual(await receiver.extend([]), [])
    },
  },
  {
    id: 'ack/out-of-order',
    promise: 'Done: the messages are gone.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...messages(4))
      const [first, second, third, fourth] = await stage.take(receiver, 4)
      assert.ok(first && second && third && fourth)
      // A later one done first must not take earlier ones along.
      assert.deepEqual(await receiver.ack([fourth.lease, second.lease]), ['ok', 'ok'])
      assert.deepEqual(await receiver.nack([first.lease], { delayMs: 0 }), ['ok'])
      const back = await stage.takeOne(receiver)
      assert.equal(back.message.id, first.message.id)
      assert.deepEqual(await receiver.ack(leasesOf([third, back])), ['ok', 'ok'])
    },
  },
  {
    id: 'ack/live-among-ended',
    promise: 'One settlement per lease, in order: an ended lease does not spoil its neighbours.',
    requires: [timedLease, strict],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, message({ id: 'old' }))
      const old = await stage.takeOne(receiver)
      await stage.pastLease()
      const successor = await stage.receiver(broker, queue)
      assert.equal((await stage.takeOne(successor, stage.reclaimMs)).message.id, 'old')
      await stage.publish(broker, queue, message({ id: 'new' }))
      const fresh = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.ack(leasesOf([old, fresh])), ['lost', 'ok'])
    },
  },
]
