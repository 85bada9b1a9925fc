import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { idsOf, leasesOf, messages } from './stage.ts'

/** Enough to prove a large `maxBatch`. */
const largest = 500

export const batchCases: readonly BrokerCase[] = [
  {
    id: 'batch/publish-as-many-as-promised',
    promise: 'The most messages per publish.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: largest })
      const sent = messages(Math.min(broker.capabilities.maxBatch, largest))
      assert.deepEqual(
        await broker.publish(queue, sent),
        sent.map(() => 'accepted'),
      )
      assert.deepEqual(idsOf(await stage.take(receiver, sent.length, 2 * stage.promptMs)), idsOf(sent))
    },
  },
  {
    id: 'batch/settle-as-many-as-promised',
    promise: 'The most leases per settle call.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: largest })
      const size = Math.min(broker.capabilities.maxBatch, largest)
      const all = (settlement: string) => Array.from({ length: size }, () => settlement)
      await stage.publish(broker, queue, ...messages(size))
      const held = await stage.take(receiver, size, 2 * stage.promptMs)
      assert.deepEqual(await receiver.extend(leasesOf(held)), all('ok'))
      assert.deepEqual(await receiver.nack(leasesOf(held), { delayMs: 0 }), all('ok'))
      const again = await stage.take(receiver, size, 2 * stage.promptMs)
      assert.deepEqual(await receiver.ack(leasesOf(again)), all('ok'))
      assert.deepEqual(await receiver.ack(leasesOf(again)), all('lost'))
      await stage.nothing(receiver, 'all are settled')
    },
  },
  {
    id: 'batch/mixed-outcomes-keep-their-places',
    promise: 'One settlement per lease, in order.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 64 })
      const size = Math.min(broker.capabilities.maxBatch, 20)
      await stage.publish(broker, queue, ...messages(size))
      const held = await stage.take(receiver, size)
      const settled = held.filter((_, at) => at % 3 === 1)
      await receiver.ack(leasesOf(settled))
      const expected = held.map((_, at) => (at % 3 === 1 ? 'lost' : 'ok'))
      assert.deepEqual(await receiver.extend(leasesOf(held)), expected)
      assert.deepEqual(await receiver.nack(leasesOf(held), { delayMs: 0 }), expected)
      const back = await stage.take(receiver, size - settled.length)
      assert.deepEqual(idsOf(back), idsOf(held.filter((_, at) => at % 3 !== 1)))
    },
  },
]
