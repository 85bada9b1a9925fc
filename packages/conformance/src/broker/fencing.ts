import assert from 'node:assert/strict'
import type { Delivery, Receiver } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { advisory, strict, timedLease } from './offers.ts'
import { type BrokerStage, idsOf, message, messages } from './stage.ts'

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
    id: 'lease/late-answers-are-true',
    promise: '`lost`: the lease had already ended and the call changed nothing. `ok`: done.',
    requires: [strict, timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, ...messages(3))
      const [acked, nacked, extended] = await stage.take(receiver, 3)
      assert.ok(acked && nacked && extended)
      await stage.pastLease()
      // Nobody took them yet. Whether the time alone ends a lease, or only a successor that asks, is the
      // service's to decide; what it answers has to be so.
      const [ack] = await receiver.ack([acked.lease])
      const [nack] = await receiver.nack([nacked.lease], { delayMs: 0 })
      const [extend] = await receiver.extend([extended.lease])
      for (const answer of [ack, nack, extend]) assert.ok(answer === 'ok' || answer === 'lost', answer)
      const expected = [nacked, ...(ack === 'lost' ? [acked] : []), ...(extend === 'lost' ? [extended] : [])]
      const successor = await stage.receiver(broker, queue)
      const back = await stage.take(successor, expected.length)
      assert.deepEqual(idsOf(back), idsOf(expected))
      await stage.nothing(successor, 'what was done or kept late is not delivered', stage.leaseMs / 2)
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
    id: 'lease/settling-one-leaves-the-other',
    promise: 'A lease is the right to settle one delivery.',
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
