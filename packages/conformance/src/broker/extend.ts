import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'
import { timedLease } from './offers.ts'
import { leasesOf, message, messages } from './stage.ts'

export const extendCases: readonly BrokerCase[] = [
  {
    id: 'extend/keeps-the-lease',
    promise: 'Still working: timed leases end `leaseMs` from now.',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      // Twice the lease in all, which it would not outlive unextended.
      for (let third = 0; third < 6; third++) {
        await stage.nothing(other, 'a lease that is extended in time is kept', stage.leaseMs / 3)
        assert.deepEqual(await receiver.extend([lease]), ['ok'])
      }
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
    },
  },
  {
    id: 'extend/ends-after-the-last-one',
    promise: '`timed`: ends `leaseMs` after receive or the last extend.',
    requires: [timedLease],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      await stage.time.sleep(stage.leaseMs / 3)
      assert.deepEqual(await receiver.extend([lease]), ['ok'])
      await stage.takeOne(other, stage.reclaimMs)
    },
  },
  {
    id: 'extend/says-what-is-still-held',
    promise: 'Says what is still held.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...messages(4))
      const [first, second, third, fourth] = await stage.take(receiver, 4)
      assert.ok(first && second && third && fourth)
      await receiver.ack([first.lease])
      await receiver.nack([third.lease], { delayMs: 0 })
      const settlements = await receiver.extend(leasesOf([first, second, third, fourth]))
      assert.deepEqual(settlements, ['lost', 'ok', 'lost', 'ok'])
    },
  },
  {
    id: 'extend/changes-nothing-else',
    promise: 'Still working.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      assert.deepEqual(await receiver.extend([lease]), ['ok'])
      assert.deepEqual(await receiver.extend([lease]), ['ok'])
      await stage.nothing(receiver, 'an extended delivery is not delivered again')
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['ok'])
      await stage.takeOne(receiver)
    },
  },
]
