import assert from 'node:assert/strict'
import type { Priority } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { atLeastLevels, oneLevel, tenLevels } from './offers.ts'
import { type BrokerStage, idsOf, message, messages, type Setting } from './stage.ts'

const all: readonly Priority[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

/** The priorities of what comes, leased one by one by a receiver that holds nothing else. */
async function leaseSingly(stage: BrokerStage, { broker, queue }: Setting, count: number) {
  const receiver = await stage.receiver(broker, queue, { prefetch: 1 })
  const seen: Priority[] = []
  while (seen.length < count) {
    const { message: received, lease } = await stage.takeOne(receiver)
    seen.push(received.priority)
    assert.deepEqual(await receiver.ack([lease]), ['ok'])
  }
  return seen
}

/**
 * One lease in sixteen starts from the bottom, and any of those seen here may be that one: the order has to be
 * right without at most one of them.
 */
function assertDescendsButForOne(seen: readonly number[]): void {
  const descends = (list: readonly number[]) =>
    list.every((value, at) => at === 0 || value <= (list[at - 1] ?? 9))
  const right = descends(seen) || seen.some((_, at) => descends(seen.toSpliced(at, 1)))
  assert.ok(right, `highest first, but for one from the bottom: ${seen.join(' ')}`)
}

export const priorityCases: readonly BrokerCase[] = [
  {
    id: 'priority/carried-unchanged',
    promise: 'InboundMessage.priority. Default 4.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.publish(broker, queue, ...all.map((priority) => message({ id: `p${priority}`, priority })))
      await stage.publish(broker, queue, message({ id: 'default' }))
      for (const { message: received } of await stage.take(receiver, all.length + 1)) {
        const expected = received.id === 'default' ? 4 : Number(received.id.slice(1))
        assert.equal(received.priority, expected, received.id)
      }
    },
  },
  {
    id: 'priority/nine-before-zero',
    promise: '0 (last) to 9 (first).',
    requires: [atLeastLevels(2)],
    async run(stage) {
      const setting = await stage.set()
      // The last come first: neither order of publishing explains what is seen.
      const urgent = [
        ...messages(4, { priority: 9 }),
        ...messages(4, { priority: 0 }),
        ...messages(4, { priority: 9 }),
      ]
      await stage.publish(setting.broker, setting.queue, ...messages(3, { priority: 0 }), ...urgent)
      assertDescendsButForOne(await leaseSingly(stage, setting, 15))
    },
  },
  {
    id: 'priority/default-is-in-the-middle',
    promise: 'Default 4. A broker with fewer levels maps bands onto those it has.',
    requires: [atLeastLevels(3)],
    async run(stage) {
      const setting = await stage.set()
      const parts = [{ priority: 0 }, {}, { priority: 9 }] as const
      await stage.publish(setting.broker, setting.queue, ...parts.flatMap((part) => messages(5, part)))
      assertDescendsButForOne(await leaseSingly(stage, setting, 15))
    },
  },
  {
    id: 'priority/ten-levels',
    promise: 'How many of the ten priorities it really tells apart.',
    requires: [tenLevels],
    async run(stage) {
      const setting = await stage.set()
      const mixed: readonly Priority[] = [3, 8, 0, 5, 9, 1, 7, 2, 6, 4]
      await stage.publish(setting.broker, setting.queue, ...mixed.map((priority) => message({ priority })))
      assertDescendsButForOne(await leaseSingly(stage, setting, 10))
    },
  },
  {
    id: 'priority/single-level-takes-all',
    promise:
      'How many of the ten priorities it really tells apart: with one, all are equal and none is refused.',
    requires: [oneLevel],
    async run(stage) {
      const setting = await stage.set()
      await stage.publish(setting.broker, setting.queue, ...all.map((priority) => message({ priority })))
      assert.deepEqual((await leaseSingly(stage, setting, 10)).sort(), all)
    },
  },
  {
    id: 'priority/low-ones-are-served-too',
    promise: 'Low ones are served too: one lease in sixteen starts from the bottom.',
    async run(stage) {
      const setting = await stage.set()
      await stage.publish(setting.broker, setting.queue, ...messages(64, { priority: 9 }))
      await stage.publish(setting.broker, setting.queue, message({ priority: 0 }))
      const levels = setting.broker.capabilities.priorityLevels
      // With one level the lowest waits its turn behind those published before it.
      const seen = await leaseSingly(stage, setting, levels > 1 ? 32 : 65)
      assert.ok(seen.includes(0), `the lowest was not served: ${seen.join(' ')}`)
    },
  },
  {
    id: 'priority/a-due-delayed-one-keeps-its-place',
    promise: '0 (last) to 9 (first), also for one that was delayed.',
    requires: [atLeastLevels(2)],
    async run(stage) {
      const setting = await stage.set()
      const { broker, queue } = setting
      await stage.publish(broker, queue, message({ id: 'urgent', priority: 9, delayMs: stage.delayMs }))
      await stage.publish(broker, queue, ...messages(10, { priority: 0 }))
      await stage.time.sleep(stage.delayMs + 1_000 + stage.resolution)
      const seen = await leaseSingly(stage, setting, 2)
      assert.ok(seen.includes(9), `a due urgent one comes before those that waited: ${seen.join(' ')}`)
    },
  },
  {
    id: 'priority/a-lease-of-many-takes-all-levels',
    promise: 'One queue, all its priorities.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const sent = all.map((priority) => message({ priority }))
      await stage.publish(broker, queue, ...sent)
      assert.deepEqual(idsOf(await stage.take(receiver, sent.length)), idsOf(sent))
    },
  },
]
