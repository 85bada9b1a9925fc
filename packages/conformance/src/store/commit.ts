import assert from 'node:assert/strict'
import type { RoutedMessage, TaskRecord } from '@tq/core/driver'
import { bytes, idsOf, message, messages } from '../broker/stage.ts'
import { record } from '../state/stage.ts'
import type { StoreCase } from './offers.ts'
import { commits, reachableBodyLimit, verdicts } from './offers.ts'
import type { StoreSetting, StoreStage } from './stage.ts'

/** A task that was sent with its record, delivered to the setting's receiver. */
export async function deliver(stage: StoreStage, { broker, queue, receiver }: StoreSetting) {
  const task = record({ state: 'PENDING', queue })
  await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
  const delivery = await stage.messages.takeOne(receiver)
  assert.equal(delivery.message.id, task.id)
  return { task, lease: delivery.lease }
}

export function success(task: TaskRecord): TaskRecord {
  return { ...task, state: 'SUCCESS', detail: '{"result":42}' }
}

export const commitCases: readonly StoreCase[] = [
  {
    id: 'commit/stores-publishes-and-acks',
    promise: 'Store the record, publish the follow-ups and ack, all or nothing.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { broker, backend, queue, receiver } = setting
      const elsewhere = await stage.messages.declare(broker)
      const { task, lease } = await deliver(stage, setting)
      const child = record({ state: 'PENDING' })
      const publish: readonly RoutedMessage[] = [
        { queue, message: message({ id: 'next', body: bytes('b'), headers: { h: 'ä' }, priority: 6 }) },
        { queue: elsewhere, message: message({ id: child.id, record: child }) },
      ]
      assert.deepEqual(await stage.commit(receiver, { lease, record: success(task), publish }), ['ok'])
      assert.deepEqual(await stage.recordOf(backend, task.id), success(task))
      assert.deepEqual(await stage.recordOf(backend, child.id), child)
      const next = await stage.messages.takeOne(receiver)
      assert.equal(next.message.id, 'next')
      assert.deepEqual([...next.message.body], [...bytes('b')])
      assert.deepEqual({ ...next.message.headers }, { h: 'ä' })
      assert.equal(next.message.priority, 6)
      const other = await stage.messages.receiver(broker, elsewhere)
      assert.equal((await stage.messages.takeOne(other)).message.id, child.id)
      assert.deepEqual(await receiver.ack([lease]), ['lost'], 'it is acknowledged')
    },
  },
  {
    id: 'commit/wakes-those-who-wait-for-follow-ups',
    promise: 'Store the record, publish the follow-ups and ack.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { broker, receiver } = setting
      const elsewhere = await stage.messages.declare(broker)
      const other = await stage.messages.receiver(broker, elsewhere)
      const { task, lease } = await deliver(stage, setting)
      const waiting = stage.messages.receive(other, { waitMs: 10_000 })
      const publish = [{ queue: elsewhere, message: message({ id: 'woken' }) }]
      await stage.commit(receiver, { lease, record: success(task), publish })
      const committedAt = stage.messages.time.now()
      assert.deepEqual(idsOf(await waiting), ['woken'])
      const took = stage.messages.time.now() - committedAt
      assert.ok(took <= 1_000 + stage.messages.resolution, `woke ${took} ms after the commit`)
    },
  },
  {
    id: 'commit/record-and-follow-ups-are-optional',
    promise: 'CommitItem: record?, publish?',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const first = await deliver(stage, setting)
      const second = await deliver(stage, setting)
      const items = [
        { lease: first.lease },
        { lease: second.lease, record: success(second.task), publish: [] },
      ]
      assert.deepEqual(await stage.commit(setting.receiver, ...items), ['ok', 'ok'])
      assert.deepEqual(await stage.commit(setting.receiver), [])
      assert.deepEqual(
        await stage.recordOf(setting.backend, first.task.id),
        first.task,
        'no record, no change',
      )
      await stage.messages.nothing(setting.receiver, 'both are done')
    },
  },
  {
    id: 'commit/a-retry-is-a-new-message-of-the-task',
    promise: 'Two messages may carry the same id: a retry is a new message of the same task.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { backend, queue, receiver } = setting
      const { delayMs, promptMs } = stage.messages
      const { task, lease } = await deliver(stage, setting)
      const retry = { ...task, state: 'RETRY', attempt: 1 } as const
      const publish = [{ queue, message: message({ id: task.id, body: bytes('again'), delayMs }) }]
      assert.deepEqual(await stage.commit(receiver, { lease, record: retry, publish }), ['ok'])
      assert.deepEqual(await stage.recordOf(backend, task.id), retry)
      await stage.messages.nothing(receiver, 'not before half the delay', delayMs / 2)
      const again = await stage.messages.takeOne(receiver, delayMs + promptMs)
      assert.equal(again.message.id, task.id)
      assert.deepEqual([...again.message.body], [...bytes('again')])
      assert.deepEqual(await stage.commit(receiver, { lease: again.lease, record: success(retry) }), ['ok'])
    },
  },
  {
    id: 'commit/a-follow-up-accepted-before-is-not-doubled',
    promise: 'The task was accepted before: nothing is stored again and the outcome is `accepted`.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { queue, receiver } = setting
      const child = record({ state: 'PENDING' })
      const publish = [{ queue, message: message({ id: child.id, record: child }) }]
      const first = await deliver(stage, setting)
      const second = await deliver(stage, setting)
      // As two redelivered parents send the same child.
      const items = [first, second].map(({ task, lease }) => ({ lease, record: success(task), publish }))
      assert.deepEqual(await stage.commit(receiver, ...items), ['ok', 'ok'])
      assert.equal((await stage.messages.takeOne(receiver)).message.id, child.id)
      await stage.messages.nothing(receiver, 'one child')
    },
  },
  {
    id: 'commit/groups-in-one-call',
    promise: 'Per item, in one atomic step. One settlement per item, in order.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set({ prefetch: 64 })
      const { broker, backend, queue, receiver } = setting
      const size = Math.min(broker.capabilities.maxBatch, 20)
      const tasks = messages(size).map(({ id }) => record({ id, state: 'PENDING' }))
      await stage.messages.publish(
        broker,
        queue,
        ...tasks.map((task) => message({ id: task.id, record: task })),
      )
      const held = await stage.messages.take(receiver, size)
      const items = held.map(({ lease, message: { id } }) => ({ lease, record: success(record({ id })) }))
      assert.deepEqual(
        await stage.commit(receiver, ...items),
        held.map(() => 'ok'),
      )
      const stored = await backend.results.get(tasks.map(({ id }) => id))
      assert.deepEqual(
        stored.map((one) => one?.state),
        tasks.map(() => 'SUCCESS'),
      )
    },
  },
  {
    id: 'commit/a-follow-up-that-does-not-fit-keeps-all-back',
    promise: 'All or nothing.',
    requires: [commits, reachableBodyLimit],
    async run(stage) {
      const setting = await stage.set()
      const { broker, backend, queue, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      const body = new Uint8Array(broker.capabilities.maxBodyBytes + 1)
      const publish = [{ queue, message: message({ body }) }]
      const committing = stage.commit(receiver, { lease, record: success(task), publish })
      const settlements = await committing.catch((error: unknown) => [broker.classify(error)])
      assert.notDeepEqual(settlements, ['ok'], 'what was not published is not called done')
      assert.deepEqual(await stage.recordOf(backend, task.id), task, 'the record is not stored')
      assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['ok'], 'the lease is still held')
      assert.equal((await stage.messages.takeOne(receiver)).message.id, task.id)
    },
  },
  {
    id: 'commit/run-verdict-then-commit',
    promise: '`run` replaces `ResultBackend.claim`.',
    requires: [commits, verdicts],
    async run(stage) {
      const setting = await stage.set()
      const { broker, backend, queue, receiver } = setting
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      const { lease, verdict } = await stage.messages.takeOne(receiver)
      assert.equal(verdict, 'run')
      // Nobody claimed: the record's own epoch is the one to write with.
      assert.deepEqual(await stage.commit(receiver, { lease, record: success(task) }), ['ok'])
      assert.equal((await stage.recordOf(backend, task.id))?.state, 'SUCCESS')
    },
  },
]
