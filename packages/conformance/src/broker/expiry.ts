import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { connectionLease, counted, severs, timedLease, uncounted } from './offers.ts'
import { bytes, idsOf, message, messages } from './stage.ts'

export const expiryCases: readonly BrokerCase[] = [
  {
    id: 'expiry/unsettled-comes-back',
    promise: '`timed`: ends `leaseMs` after receive.',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const other = await stage.receiver(broker, queue)
      const sent = message({ body: bytes('kept'), headers: { a: 'b' }, priority: 2 })
      await stage.publish(broker, queue, sent)
      await stage.takeOne(receiver)
      const heldFrom = stage.time.now()
      await stage.nothing(other, 'while the lease lasts nobody else gets it', stage.leaseMs / 2)
      const { message: received } = await stage.takeOne(other, stage.reclaimMs)
      const took = stage.time.now() - heldFrom
      assert.ok(took >= stage.leaseMs * 0.9 - stage.resolution, `back after ${took} ms of ${stage.leaseMs}`)
      assert.equal(received.id, sent.id)
      assert.deepEqual([...received.body], [...sent.body])
      assert.deepEqual({ ...received.headers }, sent.headers)
      assert.equal(received.priority, 2)
    },
  },
  {
    id: 'expiry/a-waiting-receiver-gets-it',
    promise: 'A message whose lease ended is receivable.',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message({ id: 'due back' }))
      await stage.takeOne(receiver)
      // One call that began before the lease ended; nothing else happens on the queue to wake it.
      const deliveries = await stage.receive(other, { waitMs: stage.reclaimMs })
      assert.deepEqual(idsOf(deliveries), ['due back'])
    },
  },
  {
    id: 'expiry/an-ended-lease-makes-room',
    promise: 'The most deliveries this receiver may hold unsettled: what it has lost it does not hold.',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs, prefetch: 1 })
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message({ id: 'lost' }))
      await stage.takeOne(receiver)
      assert.equal((await stage.takeOne(other, stage.reclaimMs)).message.id, 'lost')
      await stage.publish(broker, queue, message({ id: 'next' }))
      assert.equal((await stage.takeOne(receiver)).message.id, 'next')
    },
  },
  {
    id: 'expiry/all-that-was-held-comes-back',
    promise: 'A message whose lease ended is receivable.',
    async run(stage) {
      const setting = await stage.set({ leaseMs: stage.leaseMs, prefetch: 32 })
      const { broker, queue, receiver } = setting
      const sent = messages(30)
      await stage.publish(broker, queue, ...sent)
      const held = await stage.take(receiver, 10)
      await stage.loseLeases(setting)
      const successor = await stage.receiver(await stage.again(broker), queue, { prefetch: 32 })
      const back = await stage.take(successor, sent.length, stage.reclaimMs)
      assert.deepEqual(idsOf(back), idsOf(sent), 'handed out, buffered or waiting: all are there')
      assert.equal(held.length, 10)
    },
  },
  {
    id: 'expiry/kept-while-connected',
    promise: '`connection`: ends when the receiver closes or its connection drops.',
    requires: [connectionLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: 50 })
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      await stage.nothing(other, 'no time ends a lease that a connection carries', 1_000)
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
    },
  },
  {
    id: 'expiry/the-connection-drops',
    promise: '`connection`: ends when the receiver closes or its connection drops.',
    requires: [connectionLease, severs],
    async run(stage) {
      const setting = await stage.set()
      const { broker, queue, receiver } = setting
      await stage.publish(broker, queue, message({ id: 'orphan' }))
      await stage.takeOne(receiver)
      await stage.loseLeases(setting)
      const successor = await stage.receiver(await stage.again(broker), queue)
      assert.equal((await stage.takeOne(successor)).message.id, 'orphan')
    },
  },
  {
    id: 'expiry/raises-the-delivery-count',
    promise: '1, plus how many earlier leases of this message ended by themselves.',
    requires: [counted, timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      await stage.publish(broker, queue, message())
      assert.equal((await stage.takeOne(receiver)).deliveryCount, 1)
      await stage.pastLease()
      const second = await stage.receiver(broker, queue, { leaseMs: stage.leaseMs })
      assert.equal((await stage.takeOne(second, stage.reclaimMs)).deliveryCount, 2)
      await stage.pastLease()
      const third = await stage.receiver(broker, queue)
      const last = await stage.takeOne(third, stage.reclaimMs)
      assert.equal(last.deliveryCount, 3)
      await third.nack([last.lease], { delayMs: 0 })
      assert.equal((await stage.takeOne(third)).deliveryCount, 3, 'giving back neither raises nor clears it')
    },
  },
  {
    id: 'expiry/a-dropped-connection-raises-the-delivery-count',
    promise: '1, plus how many earlier leases of this message ended by themselves (their connection broke).',
    requires: [counted, connectionLease, severs],
    async run(stage) {
      const setting = await stage.set()
      const { broker, queue, receiver } = setting
      await stage.publish(broker, queue, message())
      assert.equal((await stage.takeOne(receiver)).deliveryCount, 1)
      await stage.loseLeases(setting)
      const successor = await stage.receiver(await stage.again(broker), queue)
      assert.equal((await stage.takeOne(successor)).deliveryCount, 2)
    },
  },
  {
    id: 'expiry/no-count-is-undefined',
    promise: 'Undefined when `capabilities.deliveryCount` is false.',
    requires: [uncounted],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease, deliveryCount } = await stage.takeOne(receiver)
      assert.equal(deliveryCount, undefined)
      await receiver.nack([lease], { delayMs: 0 })
      assert.equal((await stage.takeOne(receiver)).deliveryCount, undefined)
    },
  },
]
