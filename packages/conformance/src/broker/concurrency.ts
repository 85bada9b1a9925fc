import assert from 'node:assert/strict'
import type { Broker, Delivery } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { type BrokerStage, leasesOf, message, messages } from './stage.ts'

/** Receives and acknowledges until told that all is done; adds what it saw. */
async function consume(
  stage: BrokerStage,
  broker: Broker,
  queue: string,
  saw: (deliveries: readonly Delivery[]) => void,
  done: () => boolean,
): Promise<void> {
  const receiver = await stage.receiver(broker, queue, { prefetch: 10 })
  const max = Math.min(10, broker.capabilities.maxBatch)
  while (!done()) {
    const deliveries = await stage.receive(receiver, { max, waitMs: 300 })
    saw(deliveries)
    const settlements = await receiver.ack(leasesOf(deliveries))
    assert.deepEqual(
      settlements,
      deliveries.map(() => 'ok'),
    )
  }
}

export const concurrencyCases: readonly BrokerCase[] = [
  {
    id: 'concurrency/each-message-to-one-receiver',
    promise: 'A lease is the right to settle one delivery: while it lasts nobody else has the message.',
    timeoutMs: 60_000,
    exclusive: true,
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const queue = await stage.declare(first)
      const total = 1_000
      const sent = messages(total)
      const times = new Map<string, number>()
      let seen = 0
      const saw = (deliveries: readonly Delivery[]) => {
        for (const { message: received } of deliveries) {
          times.set(received.id, (times.get(received.id) ?? 0) + 1)
        }
        seen += deliveries.length
      }
      const done = () => times.size >= total
      const consumers = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? first : second))
      const consuming = consumers.map((broker) => consume(stage, broker, queue, saw, done))
      // Published while they receive: waking, leasing and publishing meet.
      await stage.publish(first, queue, ...sent)
      await Promise.all(consuming)
      const lost = sent.filter(({ id }) => !times.has(id))
      assert.equal(lost.length, 0, `${lost.length} lost`)
      // A service that cannot fence may also deliver twice; one that can must not.
      if (first.capabilities.fencing === 'strict') assert.equal(seen, total, `${seen - total} doubled`)
    },
  },
  {
    id: 'concurrency/one-message-many-waiting',
    promise: 'A lease is the right to settle one delivery.',
    async run(stage) {
      const broker = await stage.open()
      const queue = await stage.declare(broker)
      const receivers = await Promise.all(Array.from({ length: 5 }, () => stage.receiver(broker, queue)))
      const waiting = receivers.map((receiver) =>
        stage.receive(receiver, { waitMs: 1_000 + stage.resolution }),
      )
      await stage.publish(broker, queue, message({ id: 'only' }))
      const got = (await Promise.all(waiting)).flat()
      assert.deepEqual(
        got.map(({ message: received }) => received.id),
        ['only'],
      )
    },
  },
  {
    id: 'concurrency/publishers-at-once',
    promise: 'One outcome per message, in order.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 100 })
      const lists = Array.from({ length: 10 }, () => messages(10))
      await Promise.all(lists.map((list) => stage.publish(broker, queue, ...list)))
      const taken = await stage.take(receiver, 100, 2 * stage.promptMs)
      assert.equal(new Set(taken.map(({ message: received }) => received.id)).size, 100)
    },
  },
  {
    id: 'concurrency/settling-while-receiving',
    promise: 'A receiver settles while a receive call waits.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...messages(3))
      const [first, second, third] = await stage.take(receiver, 3)
      assert.ok(first && second && third)
      const waiting = stage.receive(receiver, { waitMs: 10_000 })
      const settlements = await Promise.all([
        receiver.ack([first.lease]),
        receiver.extend([second.lease]),
        receiver.ack([third.lease]),
      ])
      assert.deepEqual(settlements, [['ok'], ['ok'], ['ok']])
      const nackedAt = stage.time.now()
      assert.deepEqual(await receiver.nack([second.lease], { delayMs: 0 }), ['ok'])
      const [again] = await waiting
      assert.equal(again?.message.id, second.message.id, 'what is given back wakes the waiting call')
      const took = stage.time.now() - nackedAt
      assert.ok(took <= 1_000 + stage.resolution, `it wakes within a second, not ${took} ms`)
    },
  },
]
