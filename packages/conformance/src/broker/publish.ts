import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { codeOf, idsOf, message, messages } from './stage.ts'

/** What applications may use as ids; no service's syntax may shine through. */
const oddIds = [
  'a:b:{c}',
  'with space',
  'Größe',
  '任务-一',
  '🦊',
  `"quoted'\\`,
  '%2F/..',
  '*?[a]',
  'i'.repeat(128),
]

export const publishCases: readonly BrokerCase[] = [
  {
    id: 'publish/accepted-is-receivable',
    promise: 'One outcome per message, in order.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = messages(Math.min(5, broker.capabilities.maxBatch))
      assert.deepEqual(
        await broker.publish(queue, sent),
        sent.map(() => 'accepted'),
      )
      assert.deepEqual(idsOf(await stage.take(receiver, sent.length)), idsOf(sent))
    },
  },
  {
    id: 'publish/nothing-is-no-error',
    promise: 'One outcome per message, in order.',
    async run(stage) {
      const { broker, queue } = await stage.set()
      assert.deepEqual(await broker.publish(queue, []), [])
    },
  },
  {
    id: 'publish/ids-are-carried-unchanged',
    promise: "OutboundMessage.id: the task's id.",
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...oddIds.map((id) => message({ id })))
      assert.deepEqual(idsOf(await stage.take(receiver, oddIds.length)), [...oddIds].sort())
    },
  },
  {
    id: 'publish/same-id-twice-gives-two-messages',
    promise: 'Two messages may carry the same id: a retry is a new message of the same task.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const [first, second] = [message({ id: 'twin-task' }), message({ id: 'twin-task' })]
      await stage.publish(broker, queue, first)
      const held = await stage.takeOne(receiver)
      // Also while the first is leased, which is when retries are published.
      await stage.publish(broker, queue, second, message({ id: 'twin-task' }))
      const others = await stage.take(receiver, 2)
      assert.deepEqual(idsOf([held, ...others]), ['twin-task', 'twin-task', 'twin-task'])
      assert.deepEqual(await receiver.ack([held.lease]), ['ok'])
      const rest = others.map(({ lease }) => lease)
      assert.deepEqual(await receiver.ack(rest), ['ok', 'ok'], 'each message is settled on its own')
    },
  },
  {
    id: 'publish/queues-are-apart',
    promise: 'One queue, all its priorities.',
    async run(stage) {
      const broker = await stage.open()
      const names = await Promise.all(Array.from({ length: 5 }, () => stage.declare(broker)))
      await Promise.all(names.map((name) => stage.publish(broker, name, message({ id: `to ${name}` }))))
      for (const name of names) {
        const receiver = await stage.receiver(broker, name)
        assert.equal((await stage.takeOne(receiver)).message.id, `to ${name}`)
        await stage.nothing(receiver, 'a receiver sees its own queue only', 50)
      }
    },
  },
  {
    id: 'publish/queue-names-are-not-folded',
    promise: 'QueueSpec.name names one queue.',
    async run(stage) {
      const broker = await stage.open()
      // Half the length, so that suffixes fit into the 64 characters of a name.
      const base = stage.harness
        .queueName()
        .slice(-40)
        .replace(/^[^A-Za-z0-9]/, 'q')
      const names = [`${base}.a`, `${base}-a`, `${base}_a`, `${base}.A`, `${base}.a.1`]
      for (const name of names) await broker.declare({ name })
      for (const name of names) await stage.publish(broker, name, message({ id: name }))
      // Backwards: queues that are one would give the first message first.
      for (const name of names.toReversed()) {
        const receiver = await stage.receiver(broker, name)
        assert.equal((await stage.takeOne(receiver)).message.id, name)
      }
    },
  },
  {
    id: 'publish/undeclared-queue-loses-nothing',
    promise: '`rejected`: certainly not stored. `queue-missing` names a queue that is not there.',
    async run(stage) {
      const broker = await stage.open()
      const name = stage.harness.queueName()
      let outcomes: Awaited<ReturnType<typeof broker.publish>>
      try {
        outcomes = await broker.publish(name, [message({ id: 'early' })])
      } catch (error) {
        return assert.equal(broker.classify(error), 'queue-missing')
      }
      const [outcome] = outcomes
      if (outcome !== 'accepted') {
        assert.ok(
          typeof outcome === 'object',
          'a queue that is not there is a certain answer, not an unknown one',
        )
        return assert.equal(outcome.rejected, 'queue-missing')
      }
      await broker.declare({ name })
      const receiver = await stage.receiver(broker, name)
      assert.equal((await stage.takeOne(receiver)).message.id, 'early', 'what was accepted is receivable')
    },
  },
  {
    id: 'publish/body-belongs-to-the-caller',
    promise: 'The body is opaque.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const body = new Uint8Array([1, 2, 3])
      await stage.publish(broker, queue, message({ body }))
      body.fill(9)
      const { message: received } = await stage.takeOne(receiver)
      assert.deepEqual([...received.body], [1, 2, 3], 'a buffer used again after publish changes no message')
    },
  },
  {
    id: 'declare/idempotent',
    promise: 'Idempotent. Creates what the queue needs, or checks it.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message({ id: 'kept' }))
      await broker.declare({ name: queue })
      await Promise.all([broker.declare({ name: queue }), broker.declare({ name: queue })])
      assert.equal((await stage.takeOne(receiver)).message.id, 'kept', 'declaring again loses nothing')
    },
  },
  {
    id: 'declare/openreceiver-on-a-missing-queue-says-so',
    promise: '`queue-missing`.',
    async run(stage) {
      const broker = await stage.open()
      const opening = broker.openReceiver(stage.harness.queueName(), { leaseMs: stage.leaseMs, prefetch: 1 })
      // A service without a notion of declared queues opens it; another must say what is wrong.
      const receiver = await opening.catch(() => undefined)
      if (!receiver) return assert.equal(await codeOf(broker, opening), 'queue-missing')
      await stage.nothing(receiver, 'a queue nobody published to is empty')
    },
  },
]
