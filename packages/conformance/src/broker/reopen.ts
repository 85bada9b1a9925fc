import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { durable, restarts, shared } from './offers.ts'
import { idsOf, message, messages } from './stage.ts'

export const reopenCases: readonly BrokerCase[] = [
  {
    id: 'reopen/instances-share-queues',
    promise: 'Instances created separately see the same queues.',
    requires: [shared],
    async run(stage) {
      const producer = await stage.open()
      const consumer = await stage.open()
      const queue = await stage.declare(producer)
      await consumer.declare({ name: queue })
      const receiver = await stage.receiver(consumer, queue)
      const waiting = stage.receive(receiver, { waitMs: 10_000 })
      await stage.time.sleep(stage.quietMs)
      const publishedAt = stage.time.now()
      await stage.publish(producer, queue, message({ id: 'across' }))
      assert.deepEqual(idsOf(await waiting), ['across'])
      const took = stage.time.now() - publishedAt
      assert.ok(took <= 1_000 + stage.resolution, `the other instance wakes within a second, not ${took} ms`)
    },
  },
  {
    id: 'reopen/leases-are-seen-by-all-instances',
    promise: 'Instances created separately see the same queues.',
    requires: [shared],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const other = await stage.receiver(await stage.open(), queue)
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      await stage.nothing(other, 'what one instance holds no other gets')
      await receiver.nack([lease], { delayMs: 0 })
      await stage.takeOne(other)
    },
  },
  {
    id: 'reopen/messages-outlive-the-instance',
    promise: 'Instances created separately see the same queues.',
    requires: [shared],
    async run(stage) {
      const producer = await stage.open()
      const queue = await stage.declare(producer)
      const sent = messages(5)
      await stage.publish(producer, queue, ...sent, message({ id: 'later', delayMs: stage.delayMs }))
      await stage.time.until(producer.close())
      const consumer = await stage.open()
      await consumer.declare({ name: queue })
      const receiver = await stage.receiver(consumer, queue)
      const taken = await stage.take(receiver, 6, stage.delayMs + stage.promptMs)
      assert.deepEqual(idsOf(taken), ['later', ...idsOf(sent)].sort())
    },
  },
  {
    id: 'restart/accepted-messages-survive',
    promise: 'Accepted messages survive a restart of the service.',
    requires: [durable, restarts],
    exclusive: true,
    timeoutMs: 90_000,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const held = message({ id: 'held' })
      await stage.publish(broker, queue, held)
      await stage.takeOne(receiver)
      const sent = messages(10)
      await stage.publish(broker, queue, ...sent, message({ id: 'later', delayMs: stage.delayMs }))
      await stage.harness.restartService?.()
      const next = await stage.persist(broker, () => stage.receiver(broker, queue), 30_000)
      const seen = new Set<string>()
      await stage.time.eventually(
        async () => {
          for (const id of idsOf(await stage.receive(next, { waitMs: 500 }))) seen.add(id)
          return seen.size >= 12 ? true : undefined
        },
        30_000,
        'all that was accepted is delivered',
      )
      assert.deepEqual([...seen].sort(), ['held', 'later', ...idsOf(sent)].sort())
    },
  },
  {
    id: 'restart/publishing-again',
    promise: '`connection`: not reached, retry may help.',
    requires: [restarts],
    exclusive: true,
    timeoutMs: 90_000,
    async run(stage) {
      const { broker, queue } = await stage.set()
      await stage.harness.restartService?.()
      await stage.persist(broker, () => broker.declare({ name: queue }), 30_000)
      const accepted = async () => {
        const [outcome] = await stage.persist(broker, () => broker.publish(queue, [message()]), 30_000)
        return outcome === 'accepted' ? true : undefined
      }
      await stage.time.eventually(accepted, 30_000, 'a message is accepted again')
    },
  },
]
