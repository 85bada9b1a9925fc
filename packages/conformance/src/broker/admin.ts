import assert from 'node:assert/strict'
import type { Broker, QueueCounts } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { admin } from './offers.ts'
import { type BrokerStage, idsOf, leasesOf, message, messages } from './stage.ts'

/** Numbers may lag behind: they come to this within a bound, those that the service tells. */
async function eventuallyCounts(stage: BrokerStage, broker: Broker, queue: string, expected: QueueCounts) {
  const look = async () => {
    const last = await broker.admin?.counts(queue)
    assert.ok(last, 'counts are there')
    assert.equal(last.ready, expected.ready)
    for (const part of ['leased', 'delayed'] as const) {
      if (last[part] !== undefined) assert.equal(last[part], expected[part], part)
    }
    return true
  }
  await stage.time.eventually(look, 10_000, `counts become ${JSON.stringify(expected)}`)
}

export const adminCases: readonly BrokerCase[] = [
  {
    id: 'admin/counts-ready-leased-and-delayed',
    promise: 'Receivable now. Leased and not yet settled. Waiting for their time.',
    requires: [admin],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 2 })
      await eventuallyCounts(stage, broker, queue, { ready: 0, leased: 0, delayed: 0 })
      const delayMs = Math.min(60_000, broker.capabilities.maxDelayMs)
      await stage.publish(
        broker,
        queue,
        ...messages(4),
        ...messages(3, { delayMs }),
        message({ priority: 9 }),
      )
      const held = await stage.take(receiver, 2)
      await eventuallyCounts(stage, broker, queue, { ready: 3, leased: 2, delayed: 3 })
      await receiver.ack(leasesOf(held.slice(0, 1)))
      await receiver.nack(leasesOf(held.slice(1)), { delayMs })
      await eventuallyCounts(stage, broker, queue, { ready: 3, leased: 0, delayed: 4 })
    },
  },
  {
    id: 'admin/a-due-message-counts-as-ready',
    promise: 'Receivable now.',
    requires: [admin],
    async run(stage) {
      const { broker, queue } = await stage.set()
      await stage.publish(broker, queue, message({ delayMs: stage.delayMs }))
      await stage.time.sleep(stage.delayMs)
      await eventuallyCounts(stage, broker, queue, { ready: 1, leased: 0, delayed: 0 })
    },
  },
  {
    id: 'admin/purge-leaves-what-is-leased',
    promise:
      'Removes everything ready and, where `counts` tells of them, delayed; leased messages stay. Returns how many went.',
    requires: [admin],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 2 })
      const other = await stage.declare(broker)
      await stage.publish(broker, other, message({ id: 'elsewhere' }))
      await stage.publish(broker, queue, ...messages(5), ...messages(3, { delayMs: stage.delayMs }))
      const held = await stage.take(receiver, 2)
      await eventuallyCounts(stage, broker, queue, { ready: 3, leased: 2, delayed: 3 })
      const delayedToo = (await broker.admin?.counts(queue))?.delayed !== undefined
      assert.equal(await broker.admin?.purge(queue), delayedToo ? 6 : 3)
      await eventuallyCounts(stage, broker, queue, { ready: 0, leased: 2, delayed: 0 })
      assert.deepEqual(await receiver.ack(leasesOf(held.slice(0, 1))), ['ok'])
      assert.deepEqual(await receiver.nack(leasesOf(held.slice(1)), { delayMs: 0 }), ['ok'])
      const back = await stage.take(receiver, 1)
      assert.deepEqual(idsOf(back), idsOf(held.slice(1)), 'a leased one can still be given back')
      if (delayedToo) await stage.nothing(receiver, 'delayed ones went too', 2 * stage.delayMs)
      else await stage.take(await stage.receiver(broker, queue), 3)
      const elsewhere = await stage.receiver(broker, other)
      assert.equal((await stage.takeOne(elsewhere)).message.id, 'elsewhere', 'other queues stay')
    },
  },
  {
    id: 'admin/purging-nothing',
    promise: 'Returns how many went.',
    requires: [admin],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      assert.equal(await broker.admin?.purge(queue), 0)
      await stage.publish(broker, queue, message({ id: 'after' }))
      assert.equal((await stage.takeOne(receiver)).message.id, 'after', 'a purged queue works on')
    },
  },
]
