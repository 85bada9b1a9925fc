import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { distantBodyLimit, reachableBodyLimit } from './offers.ts'
import { message } from './stage.ts'

/** Random text does not shrink, should a client library compress. */
function body(size: number): Uint8Array {
  const filled = new Uint8Array(size)
  for (let at = 0; at < size; at++) filled[at] = (at * 31 + (at >> 8) * 17) & 0xff
  return filled
}

function assertSame(received: Uint8Array, sent: Uint8Array): void {
  assert.equal(received.byteLength, sent.byteLength)
  assert.ok(Buffer.from(received).equals(sent), 'every byte is the same')
}

export const limitCases: readonly BrokerCase[] = [
  {
    id: 'limits/largest-body-fits',
    promise: 'maxBodyBytes.',
    requires: [reachableBodyLimit],
    timeoutMs: 40_000,
    exclusive: true,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = message({ body: body(broker.capabilities.maxBodyBytes), headers: { few: 'and short' } })
      await stage.publish(broker, queue, sent)
      const { message: received } = await stage.takeOne(receiver, 2 * stage.promptMs)
      assertSame(received.body, sent.body)
    },
  },
  {
    id: 'limits/a-larger-body-is-refused',
    promise: '`limit` (too large). `rejected`: certainly not stored.',
    requires: [reachableBodyLimit],
    timeoutMs: 40_000,
    exclusive: true,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const large = message({ body: body(broker.capabilities.maxBodyBytes + 1) })
      const outcomes = await broker.publish(queue, [
        message({ id: 'before' }),
        large,
        message({ id: 'after' }),
      ])
      const [before, refused, after] = outcomes
      assert.ok(typeof refused === 'object', `one byte more than the limit is refused, not ${refused}`)
      assert.equal(refused.rejected, 'limit')
      assert.ok(refused.reason.length > 0, 'with a reason')
      assert.deepEqual([before, after], ['accepted', 'accepted'], 'others of the call are not affected')
      const [first, second] = await stage.take(receiver, 2)
      assert.deepEqual([first?.message.id, second?.message.id].sort(), ['after', 'before'])
      await stage.nothing(receiver, 'what was refused is not there')
    },
  },
  {
    id: 'limits/eight-megabytes-fit-below-a-distant-limit',
    promise: 'maxBodyBytes.',
    requires: [distantBodyLimit],
    timeoutMs: 40_000,
    exclusive: true,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = message({ body: body(8 * 1024 * 1024) })
      await stage.publish(broker, queue, sent)
      const { message: received } = await stage.takeOne(receiver, 2 * stage.promptMs)
      assertSame(received.body, sent.body)
    },
  },
  {
    id: 'limits/large-bodies-side-by-side',
    promise: "The most messages per publish: a limit of the service on a whole call is the driver's to keep.",
    timeoutMs: 40_000,
    exclusive: true,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const size = Math.min(broker.capabilities.maxBodyBytes, 1024 * 1024)
      const sent = Array.from({ length: 4 }, () => message({ body: body(size) }))
      assert.deepEqual(
        await broker.publish(queue, sent),
        sent.map(() => 'accepted'),
      )
      for (const delivery of await stage.take(receiver, sent.length, 2 * stage.promptMs)) {
        assert.equal(delivery.message.body.byteLength, size)
      }
    },
  },
]
