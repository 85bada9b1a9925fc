import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { endlessDelay, endOfDelay } from './offers.ts'
import { idsOf, leasesOf, message } from './stage.ts'

/** Longer than a timer of Node can be, which fires at once when asked for more. */
const sixtyDaysMs = 60 * 24 * 3_600_000

export const delayCases: readonly BrokerCase[] = [
  {
    id: 'delay/never-early-and-soon-after',
    promise:
      'Not receivable before this long after publish; never early. Late by at most 1 s + timeResolutionMs.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const delayMs = Math.min(stage.delayMs, broker.capabilities.maxDelayMs)
      const publishedAt = stage.time.now()
      await stage.publish(broker, queue, message({ delayMs }))
      const answeredAt = stage.time.now()
      await stage.nothing(receiver, 'not before half the delay', delayMs / 2)
      await stage.takeOne(receiver, delayMs + stage.promptMs)
      const now = stage.time.now()
      assert.ok(now - publishedAt >= delayMs - 2, `${delayMs} ms became ${now - publishedAt}`)
      assert.ok(
        now - answeredAt <= delayMs + 1_000 + stage.resolution,
        `${delayMs} ms became ${now - answeredAt}`,
      )
    },
  },
  {
    id: 'delay/a-waiting-receiver-wakes-when-due',
    promise: 'Late by at most 1 s + timeResolutionMs.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const { delayMs } = stage
      await stage.publish(broker, queue, message({ delayMs }))
      const publishedAt = stage.time.now()
      // One call throughout: nothing but the passing of time can wake it.
      const deliveries = await stage.receive(receiver, { waitMs: delayMs + stage.promptMs })
      assert.equal(deliveries.length, 1)
      const took = stage.time.now() - publishedAt
      assert.ok(took <= delayMs + 1_000 + stage.resolution, `${delayMs} ms became ${took}`)
    },
  },
  {
    id: 'delay/in-order-of-due-time',
    promise: 'Not receivable before this long after publish.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 1 })
      const apart = Math.max(150, stage.resolution)
      const late = message({ id: 'third', delayMs: 4 * apart })
      await stage.publish(broker, queue, late, message({ id: 'first', delayMs: apart * 2 }))
      await stage.publish(
        broker,
        queue,
        message({ id: 'second', delayMs: 3 * apart }),
        message({ id: 'now' }),
      )
      const order: string[] = []
      while (order.length < 4) {
        const delivery = await stage.takeOne(receiver, 4 * apart + stage.promptMs)
        order.push(delivery.message.id)
        await receiver.ack([delivery.lease])
      }
      assert.deepEqual(order, ['now', 'first', 'second', 'third'])
    },
  },
  {
    id: 'delay/does-not-hold-up-others',
    promise: 'Not receivable before this long after publish: that message, and no other.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const delayMs = Math.min(60_000, broker.capabilities.maxDelayMs)
      await stage.publish(broker, queue, message({ id: 'later', delayMs, priority: 9 }))
      await stage.publish(
        broker,
        queue,
        message({ id: 'now', priority: 0 }),
        message({ id: 'zero', delayMs: 0 }),
      )
      assert.deepEqual(idsOf(await stage.take(receiver, 2)), ['now', 'zero'])
    },
  },
  {
    id: 'delay/carries-everything',
    promise: 'A delay changes nothing else of a message.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = message({ headers: { a: 'ä' }, priority: 8, delayMs: stage.delayMs })
      await stage.publish(broker, queue, sent)
      const { message: received, deliveryCount } = await stage.takeOne(
        receiver,
        stage.delayMs + stage.promptMs,
      )
      assert.equal(received.id, sent.id)
      assert.deepEqual([...received.body], [...sent.body])
      assert.deepEqual({ ...received.headers }, sent.headers)
      assert.equal(received.priority, 8)
      if (broker.capabilities.deliveryCount) assert.equal(deliveryCount, 1, 'waiting is no delivery')
    },
  },
  {
    id: 'delay/many-due-at-once',
    promise: 'Late by at most 1 s + timeResolutionMs.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 64 })
      const sent = Array.from({ length: 50 }, (_, index) => message({ delayMs: stage.delayMs + index }))
      await stage.publish(broker, queue, ...sent)
      const due = await stage.take(receiver, sent.length, stage.delayMs + stage.promptMs)
      assert.deepEqual(idsOf(due), idsOf(sent))
      await stage.nothing(receiver, 'each comes once')
      await receiver.nack(leasesOf(due.slice(0, 1)), { delayMs: 0 })
    },
  },
  {
    id: 'delay/longest-is-accepted',
    promise: 'At most `capabilities.maxDelayMs`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const delayMs = Math.min(broker.capabilities.maxDelayMs, sixtyDaysMs)
      await stage.publish(broker, queue, message({ delayMs }))
      if (delayMs > 10_000) await stage.nothing(receiver, 'a long delay does not become none')
    },
  },
  {
    id: 'delay/above-max-is-refused',
    promise: 'At most `capabilities.maxDelayMs`: more is `rejected`, and certainly not stored.',
    requires: [endOfDelay],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const delayMs = broker.capabilities.maxDelayMs + 1
      const [refused, accepted] = await broker.publish(queue, [message({ delayMs }), message({ id: 'fits' })])
      assert.ok(typeof refused === 'object', `longer than the longest is refused, not ${refused}`)
      assert.equal(refused.rejected, 'limit')
      assert.equal(accepted, 'accepted')
      assert.equal((await stage.takeOne(receiver)).message.id, 'fits')
      await stage.nothing(receiver, 'what was refused is not there early either')
    },
  },
  {
    id: 'delay/endless-is-accepted',
    promise: '`Infinity` where there is no such end.',
    requires: [endlessDelay],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message({ delayMs: 50 * 365 * 24 * 3_600_000 }))
      await stage.nothing(receiver, 'fifty years are not over')
    },
  },
]
