import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { timedLease } from './offers.ts'
import { codeOf, idsOf, leasesOf, message, messages } from './stage.ts'

export const closeCases: readonly BrokerCase[] = [
  {
    id: 'open/idempotent',
    promise: 'Idempotent. After it resolves every method works.',
    async run(stage) {
      const broker = await stage.open()
      await Promise.all([broker.open(), broker.open()])
      const queue = await stage.declare(broker)
      const receiver = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message({ id: 'works' }))
      assert.equal((await stage.takeOne(receiver)).message.id, 'works')
    },
  },
  {
    id: 'close/idempotent',
    promise: 'Idempotent.',
    async run(stage) {
      const { broker, receiver } = await stage.set()
      await stage.time.until(Promise.all([receiver.close(), receiver.close()]))
      await stage.time.until(receiver.close())
      await stage.time.until(Promise.all([broker.close(), broker.close()]))
      await stage.time.until(broker.close())
      await stage.time.until(receiver.close())
    },
  },
  {
    id: 'close/before-open',
    promise: 'Idempotent.',
    async run(stage) {
      const broker = await stage.harness.create()
      await stage.time.until(broker.close())
    },
  },
  {
    id: 'close/methods-reject-as-closed',
    promise: '`closed`: the instance was closed.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      await stage.time.until(broker.close())
      assert.equal(await codeOf(broker, broker.declare({ name: queue })), 'closed', 'declare')
      assert.equal(await codeOf(broker, broker.publish(queue, [message()])), 'closed', 'publish')
      const opening = broker.openReceiver(queue, { leaseMs: stage.leaseMs, prefetch: 1 })
      assert.equal(await codeOf(broker, opening), 'closed', 'openReceiver')
      assert.equal(await codeOf(broker, stage.receive(receiver, { waitMs: 50 })), 'closed', 'receive')
      if (broker.admin) assert.equal(await codeOf(broker, broker.admin.counts(queue)), 'closed', 'counts')
      const settling = receiver.ack([lease])
      const answer = await settling.catch(() => undefined)
      if (answer) assert.deepEqual(answer, ['lost'], 'a closed instance settles nothing')
      else assert.equal(await codeOf(broker, settling), 'closed', 'ack')
    },
  },
  {
    id: 'close/a-closed-receiver-receives-no-more',
    promise: '`closed`: the instance was closed.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.time.until(receiver.close())
      await stage.publish(broker, queue, message({ id: 'for the next' }))
      assert.equal(await codeOf(broker, stage.receive(receiver, { waitMs: 50 })), 'closed')
      const next = await stage.receiver(broker, queue)
      assert.equal((await stage.takeOne(next)).message.id, 'for the next')
    },
  },
  {
    id: 'close/buffered-deliveries-go-back-at-once',
    promise: 'What was leased but not yet handed out goes back at once.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 10 })
      const sent = messages(10)
      await stage.publish(broker, queue, ...sent)
      const handedOut = await stage.take(receiver, 1)
      await stage.time.until(receiver.close())
      const timed = broker.capabilities.lease === 'timed'
      const kept = timed ? idsOf(handedOut) : []
      const next = await stage.receiver(broker, queue)
      // The lease outlives the case: only what was given back can come.
      const back = await stage.take(next, sent.length - kept.length)
      assert.deepEqual([...idsOf(back), ...kept].sort(), idsOf(sent))
      if (!broker.capabilities.deliveryCount) return
      const counts = back.filter(({ message: { id } }) => id !== handedOut[0]?.message.id)
      for (const { deliveryCount } of counts)
        assert.equal(deliveryCount, 1, 'a buffered one was no lost lease')
    },
  },
  {
    id: 'close/broker-closes-its-receivers',
    promise: 'Closes its receivers, then the connections it opened itself.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 10 })
      const successor = await stage.again(broker)
      const sent = messages(10)
      await stage.publish(broker, queue, ...sent)
      const handedOut = await stage.take(receiver, 1)
      const waiting = stage.receive(await stage.receiver(broker, await stage.declare(broker)), {
        waitMs: 60_000,
      })
      const closing = stage.time.until(broker.close())
      // It ends either way: with nothing, or because the instance is closed.
      assert.deepEqual(await waiting.catch(() => []), [])
      await closing
      if (successor === broker) return
      const next = await stage.receiver(successor, queue)
      const timed = broker.capabilities.lease === 'timed'
      const back = await stage.take(next, timed ? 9 : 10)
      const kept = timed ? idsOf(handedOut) : []
      assert.deepEqual([...idsOf(back), ...kept].sort(), idsOf(sent))
    },
  },
  {
    id: 'close/ends-a-waiting-receive',
    promise: 'close() does not wait for a delivery to come.',
    async run(stage) {
      const { receiver } = await stage.set()
      const waiting = stage.receive(receiver, { waitMs: 60_000 })
      await stage.time.sleep(50)
      const closedAt = stage.time.now()
      await stage.time.until(receiver.close())
      assert.deepEqual(await waiting.catch(() => []), [])
      const took = stage.time.now() - closedAt
      assert.ok(took <= 5_000 + stage.resolution, `closing took ${took} ms`)
    },
  },
  {
    id: 'close/strands-nothing-that-arrives-meanwhile',
    promise: 'What was leased but not yet handed out goes back at once.',
    async run(stage) {
      const { broker, queue } = await stage.set()
      const seen = new Set<string>()
      const rounds = 10
      for (let round = 0; round < rounds; round++) {
        const receiver = await stage.receiver(broker, queue)
        const waiting = stage.receive(receiver, { waitMs: 5_000 })
        const publishing = stage.publish(broker, queue, message({ id: `round ${round}` }))
        if (round % 3 === 1) await new Promise((resolve) => setImmediate(resolve))
        if (round % 3 === 2) await publishing
        const closing = stage.time.until(receiver.close())
        for (const id of idsOf(await waiting.catch(() => []))) seen.add(id)
        await Promise.all([closing, publishing])
      }
      const next = await stage.receiver(broker, queue, { prefetch: 64 })
      const deadline = stage.time.now() + stage.promptMs
      while (seen.size < rounds && stage.time.now() < deadline) {
        const deliveries = await stage.receive(next, { waitMs: 200 })
        for (const id of idsOf(deliveries)) seen.add(id)
        await next.ack(leasesOf(deliveries))
      }
      assert.equal(seen.size, rounds, 'each was handed out, or is there for the next receiver')
    },
  },
  {
    id: 'close/handed-out-leases-end-by-themselves',
    promise: 'Leases handed out end by themselves (`timed`).',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, message({ id: 'left behind' }))
      await stage.takeOne(receiver)
      await stage.time.until(receiver.close())
      const next = await stage.receiver(broker, queue)
      await stage.nothing(next, 'the handler may still be at work', stage.leaseMs / 2)
      assert.equal((await stage.takeOne(next, stage.reclaimMs)).message.id, 'left behind')
    },
  },
]
