import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { idsOf, leasesOf, message, messages } from './stage.ts'

export const receiveCases: readonly BrokerCase[] = [
  {
    id: 'receive/waits-for-a-first-delivery',
    promise: 'Waits up to `waitMs` for a first delivery.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const receiving = stage.receive(receiver, { waitMs: 10_000 })
      await stage.time.sleep(stage.quietMs)
      const publishedAt = stage.time.now()
      await stage.publish(broker, queue, message({ id: 'awaited' }))
      assert.deepEqual(idsOf(await receiving), ['awaited'])
      const took = stage.time.now() - publishedAt
      assert.ok(took <= 1_000 + stage.resolution, `a waiting receiver wakes within a second, not ${took} ms`)
    },
  },
  {
    id: 'receive/an-empty-wait-ends-in-time',
    promise: 'Waits up to `waitMs` for a first delivery.',
    async run(stage) {
      const { receiver } = await stage.set()
      const waitMs = stage.delayMs
      const startedAt = stage.time.now()
      assert.deepEqual(await stage.receive(receiver, { waitMs }), [])
      const took = stage.time.now() - startedAt
      assert.ok(took >= waitMs / 2, `an empty queue is waited on, not spun on: ${took} of ${waitMs} ms`)
      assert.ok(took <= waitMs + 1_000 + stage.resolution, `the wait ends: ${took} of ${waitMs} ms`)
    },
  },
  {
    id: 'receive/a-wait-of-zero-ends-at-once',
    promise: 'Waits up to `waitMs` for a first delivery.',
    async run(stage) {
      const { receiver } = await stage.set()
      const startedAt = stage.time.now()
      assert.deepEqual(await stage.receive(receiver, { waitMs: 0 }), [])
      const took = stage.time.now() - startedAt
      assert.ok(took <= 1_000 + stage.resolution, `took ${took} ms`)
    },
  },
  {
    id: 'receive/never-waits-to-fill',
    promise: 'Waits up to `waitMs` for a first delivery, never to fill up to `max`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message({ id: 'alone' }))
      const startedAt = stage.time.now()
      const deliveries = await stage.receive(receiver, { max: 10, waitMs: 8_000 })
      assert.deepEqual(idsOf(deliveries), ['alone'])
      const took = stage.time.now() - startedAt
      assert.ok(took < 4_000, `one delivery is enough to answer; it took ${took} of 8000 ms`)
    },
  },
  {
    id: 'receive/max-is-respected',
    promise: 'Never more than `max`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = messages(7)
      await stage.publish(broker, queue, ...sent)
      const seen = []
      while (seen.length < sent.length) {
        const deliveries = await stage.receive(receiver, { max: 3 })
        assert.ok(deliveries.length >= 1 && deliveries.length <= 3, `asked for 3, got ${deliveries.length}`)
        seen.push(...deliveries)
      }
      assert.deepEqual(idsOf(seen), idsOf(sent))
    },
  },
  {
    id: 'receive/prefetch-bounds-what-is-held',
    promise: 'The most deliveries this receiver may hold unsettled, handed out or buffered.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 3 })
      await stage.publish(broker, queue, ...messages(6))
      const held = [...(await stage.take(receiver, 3))]
      await stage.nothing(receiver, 'a full receiver gets nothing more')
      const other = await stage.receiver(broker, queue)
      assert.equal((await stage.take(other, 3)).length, 3, 'what is above the bound is there for others')

      await stage.publish(broker, queue, ...messages(2))
      const done = held.splice(0, 1)
      await other.close()
      assert.deepEqual(await receiver.ack(leasesOf(done)), ['ok'])
      held.push(await stage.takeOne(receiver))
      await stage.nothing(receiver, 'one settled makes room for one')
      assert.deepEqual(await receiver.nack(leasesOf(held.slice(0, 1)), { delayMs: 0 }), ['ok'])
      assert.ok(await stage.takeOne(receiver), 'one given back makes room for one')
    },
  },
  {
    id: 'receive/abort-ends-the-wait',
    promise: 'An abort ends the wait early; the call still resolves.',
    async run(stage) {
      const { receiver } = await stage.set()
      const abort = new AbortController()
      const receiving = stage.receive(receiver, { waitMs: 15_000, signal: abort.signal })
      await stage.time.sleep(stage.quietMs)
      const abortedAt = stage.time.now()
      abort.abort()
      assert.deepEqual(await receiving, [])
      const took = stage.time.now() - abortedAt
      assert.ok(took <= 2_000 + stage.resolution, `ended ${took} ms after the abort`)
    },
  },
  {
    id: 'receive/aborted-before-it-starts',
    promise: 'An abort ends the wait early; the call still resolves.',
    async run(stage) {
      const { receiver } = await stage.set()
      const startedAt = stage.time.now()
      await stage.receive(receiver, { waitMs: 15_000, signal: AbortSignal.abort() })
      assert.ok(stage.time.now() - startedAt <= 2_000 + stage.resolution)
    },
  },
  {
    id: 'receive/abort-strands-nothing',
    promise: 'It resolves with whatever was already leased: an abort strands no delivery.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ prefetch: 64 })
      const seen: string[] = []
      const rounds = 20
      for (let round = 0; round < rounds; round++) {
        const abort = new AbortController()
        const receiving = stage.receive(receiver, { waitMs: 5_000, signal: abort.signal })
        const publishing = stage.publish(broker, queue, message({ id: `round ${round}` }))
        // The abort meets the delivery at another moment each round.
        if (round % 4 === 1) await Promise.resolve()
        if (round % 4 === 2) await new Promise((resolve) => setImmediate(resolve))
        if (round % 4 === 3) await publishing
        abort.abort()
        const deliveries = await receiving
        await publishing
        await receiver.ack(leasesOf(deliveries))
        seen.push(...idsOf(deliveries))
      }
      // The lease outlives the case: a stranded delivery would not come back in time.
      const rest = await stage.take(receiver, rounds - seen.length)
      seen.push(...idsOf(rest))
      assert.equal(new Set(seen).size, rounds, 'every message was handed out once')
    },
  },
  {
    id: 'receive/sent-at-does-not-go-back',
    promise: "When it became receivable or was published, by the service's clock, where known.",
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const first = await stage.takeOne(receiver)
      await stage.time.sleep(stage.quietMs)
      await stage.publish(broker, queue, message())
      const second = await stage.takeOne(receiver)
      if (first.sentAt === undefined || second.sentAt === undefined) {
        return assert.equal(first.sentAt, second.sentAt, 'known for all or for none')
      }
      const apart = second.sentAt - first.sentAt
      assert.ok(
        apart >= stage.quietMs / 2 - stage.resolution,
        `published ${stage.quietMs} ms apart, not ${apart}`,
      )
      assert.ok(apart <= 10_000, `published ${stage.quietMs} ms apart, not ${apart}`)
      assert.ok(first.sentAt > 1e12, 'milliseconds since 1970')
    },
  },
]
