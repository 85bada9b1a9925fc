import assert from 'node:assert/strict'
import type { Broker, Receiver } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { severs, strict } from './offers.ts'
import { type BrokerStage, idsOf, leasesOf, longLeaseMs, message } from './stage.ts'

/** Receives as the runtime does: when a call fails for the connection, it opens the receiver anew. */
async function collect(
  stage: BrokerStage,
  broker: Broker,
  queue: string,
  count: number,
  options: { readonly receiver?: Receiver; readonly leaseMs?: number } = {},
): Promise<ReadonlySet<string>> {
  let { receiver } = options
  const { leaseMs = longLeaseMs } = options
  const seen = new Set<string>()
  const deadline = stage.time.now() + stage.reclaimMs + 10_000
  while (seen.size < count && stage.time.now() < deadline) {
    try {
      receiver ??= await stage.persist(broker, () => stage.receiver(broker, queue, { leaseMs }))
      const deliveries = await stage.receive(receiver, { waitMs: 500 })
      for (const id of idsOf(deliveries)) seen.add(id)
      await receiver.ack(leasesOf(deliveries))
    } catch (error) {
      assert.equal(broker.classify(error), 'connection', `a cut connection is told as one: ${String(error)}`)
      await stage.time.until(receiver?.close() ?? Promise.resolve())
      receiver = undefined
    }
  }
  return seen
}

export const severCases: readonly BrokerCase[] = [
  {
    id: 'sever/publishing-again',
    promise:
      '`connection`: not reached, retry may help. `unknown`: it is safe to send again with the same id.',
    requires: [severs],
    async run(stage) {
      const { broker, queue } = await stage.set()
      await stage.harness.sever?.(broker)
      const accepted = async () => {
        const [outcome] = await stage.persist(broker, () => broker.publish(queue, [message({ id: 'again' })]))
        if (typeof outcome === 'object') assert.equal(outcome.rejected, 'connection', outcome.reason)
        return outcome === 'accepted' ? true : undefined
      }
      await stage.time.eventually(accepted, 10_000, 'a message is accepted again')
      assert.deepEqual([...(await collect(stage, broker, queue, 1))], ['again'])
    },
  },
  {
    id: 'sever/consuming-again',
    promise: '`connection`: not reached, retry may help.',
    requires: [severs],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const producer = await stage.again(broker)
      await stage.publish(producer, queue, message({ id: 'before' }))
      await stage.harness.sever?.(broker)
      await stage.publish(producer, queue, message({ id: 'after' }))
      const seen = await collect(stage, broker, queue, 2, { receiver, leaseMs: stage.leaseMs })
      assert.deepEqual([...seen].sort(), ['after', 'before'])
    },
  },
  {
    id: 'sever/a-waiting-receive-notices',
    promise: 'Waits up to `waitMs`, whatever becomes of the connection.',
    requires: [severs],
    async run(stage) {
      const { broker, receiver } = await stage.set()
      const waitMs = 3_000
      const startedAt = stage.time.now()
      const waiting = stage.receive(receiver, { waitMs })
      await stage.time.sleep(stage.quietMs)
      await stage.harness.sever?.(broker)
      const ended = await waiting.then(
        () => 'ended' as const,
        (error: unknown) => broker.classify(error),
      )
      assert.ok(ended === 'ended' || ended === 'connection', `told as ${ended}`)
      const took = stage.time.now() - startedAt
      assert.ok(
        took <= waitMs + 5_000 + stage.resolution,
        `a receive completes within its wait and 5 s, not ${took}`,
      )
    },
  },
  {
    id: 'sever/a-lost-reply-orphans-nothing',
    promise: 'A reply lost on the wire orphans nothing.',
    requires: [severs],
    timeoutMs: 60_000,
    async run(stage) {
      const { broker, queue } = await stage.set()
      const producer = await stage.again(broker)
      const seen = new Set<string>()
      const rounds = 6
      for (let round = 0; round < rounds; round++) {
        const leaseMs = stage.leaseMs
        const receiver = await stage.persist(broker, () => stage.receiver(broker, queue, { leaseMs }))
        const waiting = stage.receive(receiver, { waitMs: 1_000 }).catch(() => [])
        const publishing = stage.publish(producer, queue, message({ id: `round ${round}` }))
        // The cut meets the delivery at another moment each round.
        if (round % 3 === 1) await new Promise((resolve) => setImmediate(resolve))
        if (round % 3 === 2) await publishing
        await stage.harness.sever?.(broker)
        const deliveries = await waiting
        for (const id of idsOf(deliveries)) seen.add(id)
        await publishing
        await receiver.ack(leasesOf(deliveries)).catch(() => [])
        await stage.time.until(receiver.close()).catch(() => undefined)
      }
      const left = rounds - seen.size
      for (const id of await collect(stage, broker, queue, left, { leaseMs: stage.leaseMs })) seen.add(id)
      const missing = Array.from({ length: rounds }, (_, round) => `round ${round}`).filter(
        (id) => !seen.has(id),
      )
      // Those seen again may have filled the count: what is still missing has to come too.
      for (const id of await collect(stage, broker, queue, missing.length, { leaseMs: stage.leaseMs }))
        seen.add(id)
      assert.equal(seen.size, rounds)
    },
  },
  {
    id: 'sever/what-was-held-comes-to-others',
    promise: 'A holder whose connection broke loses its leases by time (`timed`) or at once (`connection`).',
    requires: [severs, strict],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const other = await stage.receiver(await stage.open(), queue)
      await stage.publish(broker, queue, message({ id: 'held' }))
      const { lease } = await stage.takeOne(receiver)
      await stage.harness.sever?.(broker)
      const again = await stage.takeOne(other, stage.reclaimMs)
      assert.equal(again.message.id, 'held')
      if (broker.capabilities.deliveryCount) assert.equal(again.deliveryCount, 2)
      const [late] = await stage.persist(broker, () => receiver.ack([lease]))
      assert.equal(late, 'lost', 'the severed holder cannot settle any more')
      assert.deepEqual(await other.ack([again.lease]), ['ok'])
    },
  },
]
