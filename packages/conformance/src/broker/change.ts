import assert from 'node:assert/strict'
import type { Broker, Priority } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { change, tenLevels } from './offers.ts'
import { type BrokerStage, idsOf, leasesOf, message, messages } from './stage.ts'

/** Far beyond the end of any case. */
const farMs = 60_000

const nothingElse = async (stage: BrokerStage, broker: Broker, queue: string) => {
  const counts = await broker.admin?.counts(queue)
  assert.deepEqual({ ready: counts?.ready, delayed: counts?.delayed }, { ready: 0, delayed: 0 })
  await stage.nothing(await stage.receiver(broker, queue), 'nothing was doubled')
}

export const changeCases: readonly BrokerCase[] = [
  {
    id: 'change/at-once',
    promise: 'Receivable this long from now; 0 is at once.',
    requires: [change],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const [one, ...others] = messages(5, { delayMs: farMs })
      assert.ok(one)
      const meant = { ...one, headers: { kept: 'ja' }, priority: 7 as Priority }
      await stage.publish(broker, queue, meant, ...others)
      // Someone waits already: it is woken.
      const waiting = stage.take(receiver, 1)
      assert.equal(await broker.admin?.change?.(queue, one.id, { delayMs: 0 }), true)
      const [delivery] = await waiting
      assert.ok(delivery)
      const { id, body, headers, priority } = delivery.message
      assert.deepEqual(
        { id, body: Buffer.from(body).toString(), headers, priority },
        { id: one.id, body: one.id, headers: { kept: 'ja' }, priority: 7 },
      )
      assert.deepEqual(await receiver.ack([delivery.lease]), ['ok'])
      assert.equal((await broker.admin?.counts(queue))?.delayed, 4, 'the others wait on')
    },
  },
  {
    id: 'change/later',
    promise: 'Receivable this long from now, never early: also one that was ready.',
    requires: [change],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message({ id: 'ready' }), message({ id: 'delayed', delayMs: farMs }))
      const start = stage.time.now()
      for (const id of ['ready', 'delayed'])
        assert.equal(await broker.admin?.change?.(queue, id, { delayMs: stage.delayMs }), true)
      const back = await stage.take(receiver, 2, stage.delayMs + stage.promptMs)
      assert.ok(stage.time.now() - start >= stage.delayMs, 'not before its time')
      assert.deepEqual(idsOf(back), ['delayed', 'ready'])
      assert.deepEqual(await receiver.ack(leasesOf(back)), ['ok', 'ok'])
      await nothingElse(stage, broker, queue)
    },
  },
  {
    id: 'change/priority',
    promise: 'Changes a message of this id that is ready or delayed.',
    requires: [change, tenLevels],
    async run(stage) {
      const { broker, queue } = await stage.set()
      await stage.publish(broker, queue, ...messages(3), message({ id: 'up', priority: 0 }))
      const delayMs = 4 * stage.delayMs
      await stage.publish(broker, queue, message({ id: 'later', priority: 0, delayMs }))
      assert.equal(await broker.admin?.change?.(queue, 'up', { priority: 9 }), true)
      assert.equal(await broker.admin?.change?.(queue, 'later', { priority: 8 }), true)
      const receiver = await stage.receiver(broker, queue)
      const ready = await stage.take(receiver, 4)
      // One lease in sixteen starts from the bottom: that may be the first of them, and no other.
      const at = ready.findIndex(({ message: { id } }) => id === 'up')
      assert.ok(at === 0 || at === 1, `it comes first, not as ${at + 1}.`)
      assert.equal(ready[at]?.message.priority, 9)
      assert.equal((await broker.admin?.counts(queue))?.delayed, 1, 'its time stays as it was')
      const later = await stage.takeOne(receiver, delayMs + stage.promptMs)
      assert.deepEqual([later.message.id, later.message.priority], ['later', 8])
    },
  },
  {
    id: 'change/keeps-its-place',
    promise: 'One that is ready already stays in its place unless its priority or time changes.',
    requires: [change, tenLevels],
    async run(stage) {
      const { broker, queue } = await stage.set()
      await stage.publish(broker, queue, message({ id: 'first' }), ...messages(3))
      assert.equal(await broker.admin?.change?.(queue, 'first', { delayMs: 0, priority: 4 }), true)
      const receiver = await stage.receiver(broker, queue, { prefetch: 1 })
      assert.equal((await stage.takeOne(receiver)).message.id, 'first')
    },
  },
  {
    id: 'change/only-what-waits',
    promise: 'False, and nothing changed, when none waits.',
    requires: [change],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      assert.equal(await broker.admin?.change?.(queue, 'nobody', { delayMs: 0 }), false)
      await stage.publish(broker, queue, message({ id: 'held' }))
      const held = await stage.takeOne(receiver)
      assert.equal(await broker.admin?.change?.(queue, 'held', { delayMs: farMs, priority: 0 }), false)
      assert.deepEqual(await receiver.ack([held.lease]), ['ok'])
      await nothingElse(stage, broker, queue)
    },
  },
  {
    id: 'change/one-of-many',
    promise: 'It is never lost, doubled or early: in the midst of a full queue, while others lease.',
    requires: [change],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 64 })
      const sent = messages(600)
      await stage.publish(broker, queue, ...sent)
      const ids = sent.filter((_, at) => at % 12 === 0).map(({ id }) => id)
      const changes = Promise.all(
        ids.map((id) => broker.admin?.change?.(queue, id, { delayMs: stage.delayMs })),
      )
      const seen: string[] = []
      while (seen.length < sent.length) {
        const part = await stage.take(receiver, Math.min(50, sent.length - seen.length))
        seen.push(...idsOf(part))
        assert.deepEqual(new Set(await receiver.ack(leasesOf(part))), new Set(['ok']))
      }
      assert.ok((await changes).includes(true), 'some were changed')
      assert.deepEqual(seen.sort(), idsOf(sent), 'each came once')
      await nothingElse(stage, broker, queue)
    },
  },
]
