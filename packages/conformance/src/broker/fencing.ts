import assert from 'node:assert/strict'
import type { Delivery, Receiver } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { advisory, strict, timedLease } from './offers.ts'
import { type BrokerStage, message } from './stage.ts'

interface Succession {
  readonly stale: Receiver
  readonly staleDelivery: Delivery
  readonly successor: Receiver
  readonly delivery: Delivery
}

/** A holder whose lease ended, and the one who holds the message now. */
async function succeed(stage: BrokerStage): Promise<Succession> {
  const setting = await stage.set({ leaseMs: stage.leaseMs })
  const { broker, queue, receiver: stale } = setting
  await stage.publish(broker, queue, message())
  const staleDelivery = await stage.takeOne(stale)
  await stage.loseLeases(setting)
  const successor = await stage.receiver(await stage.again(broker), queue)
  const delivery = await stage.takeOne(successor, stage.reclaimMs)
  assert.equal(delivery.message.id, staleDelivery.message.id)
  return { stale, staleDelivery, successor, delivery }
}

export const fencingCases: readonly BrokerCase[] = [
  {
    id: 'lease/stale-holder-cannot-ack-successor',
    promise: 'A holder whose lease has ended gets `lost` and changes nothing.',
    requires: [strict],
    async run(stage) {
      const { stale, staleDelivery, successor, delivery } = await succeed(stage)
      assert.notEqual(staleDelivery.lease, delivery.lease, 'two deliveries never share a lease')
      assert.deepEqual(await stale.ack([staleDelivery.lease]), ['lost'])
      assert.deepEqual(await successor.nack([delivery.lease], { delayMs: 0 }), ['ok'])
      await stage.takeOne(successor)
    },
  },
  {
    id: 'lease/stale-holder-cannot-nack-successor',
    promise: 'A holder whose lease has ended gets `lost` and changes nothing.',
    requires: [strict],
    async run(stage) {
      const { stale, staleDelivery, successor, delivery } = await succeed(stage)
      assert.deepEqual(await stale.nack([staleDelivery.lease], { delayMs: 0 }), ['lost'])
      await stage.nothing(successor, 'a stale nack makes no copy')
      assert.deepEqual(await successor.ack([delivery.lease]), ['ok'])
    },
  },
  {
    id: 'lease/stale-holder-cannot-extend-successor',
    promise: 'A holder whose lease has ended gets `lost` and changes nothing.',
    requires: [strict],
    async run(stage) {
      const { stale, staleDelivery, successor, delivery } = await succeed(stage)
      assert.deepEqual(await stale.extend([staleDelivery.lease]), ['lost'])
      assert.deepEqual(await stale.ack([staleDelivery.lease]), ['lost'], 'a stale extend revives nothing')
      assert.deepEqual(await successor.ack([delivery.lease]), ['ok'])
    },
  },
  {
    id: 'lease/ended-is-lost-before-anyone-takes-it',
    promise: '`strict`: a settle on an ended lease is always `lost` and changes nothing.',
    requires: [strict, timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, message({ id: 'unclaimed' }))
      const { lease } = await stage.takeOne(receiver)
      await stage.pastLease()
      assert.deepEqual(await receiver.extend([lease]), ['lost'])
      assert.deepEqual(await receiver.ack([lease]), ['lost'])
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['lost'])
      const successor = await stage.receiver(broker, queue)
      assert.equal((await stage.takeOne(successor, stage.reclaimMs)).message.id, 'unclaimed')
      await stage.nothing(successor, 'and it is there once')
    },
  },
  {
    id: 'lease/own-successor-has-a-lease-of-its-own',
    promise: 'Two deliveries of a message never share a lease.',
    requires: [strict, timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, message())
      const first = await stage.takeOne(receiver)
      await stage.pastLease()
      // The same receiver gets it back, as a worker does that was frozen for a while.
      const second = await stage.takeOne(receiver, stage.reclaimMs)
      assert.equal(second.message.id, first.message.id)
      assert.notEqual(second.lease, first.lease)
      assert.deepEqual(await receiver.ack([first.lease]), ['lost'])
      assert.deepEqual(await receiver.ack([second.lease]), ['ok'])
    },
  },
  {
    id: 'lease/does-not-fit-another-receiver',
    promise: 'A lease is the right to settle one delivery of one receiver.',
    requires: [strict],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message({ id: 'a' }), message({ id: 'b' }))
      const mine = await stage.takeOne(receiver)
      const theirs = await stage.takeOne(other)
      assert.notEqual(mine.message.id, theirs.message.id)
      assert.deepEqual(await receiver.ack([mine.lease]), ['ok'])
      assert.deepEqual(await other.ack([theirs.lease]), ['ok'], 'settling one never settles the other')
    },
  },
  {
    id: 'lease/advisory-settles-answer-and-disturb-no-neighbour',
    promise: '`advisory`: the service cannot tell, so core also stops settling by its own clock.',
    requires: [advisory],
    async run(stage) {
      const { stale, staleDelivery, successor, delivery } = await succeed(stage)
      const answers = ['ok', 'lost', 'unknown']
      const [late] = await stale.ack([staleDelivery.lease]).catch(() => ['unknown'] as const)
      assert.ok(late !== undefined && answers.includes(late), `a late ack is answered, not ${late}`)
      const [settlement] = await successor.ack([delivery.lease])
      assert.ok(settlement !== undefined && answers.includes(settlement), `answered, not ${settlement}`)
      await stage.nothing(successor, 'after both it is gone')
    },
  },
]
