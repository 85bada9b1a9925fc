import assert from 'node:assert/strict'
import { message } from '../broker/stage.ts'
import { record } from '../state/stage.ts'
import { deliver, success } from './commit.ts'
import type { StoreCase } from './offers.ts'
import { commits, timed } from './offers.ts'

export const commitFencingCases: readonly StoreCase[] = [
  {
    id: 'commit/stale-holder-changes-nothing',
    promise: '`lost`: the lease had already ended and the call changed nothing.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set({ leaseMs: stage.messages.leaseMs })
      const { broker, backend, queue, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      await stage.messages.loseLeases(setting)
      const successor = await stage.messages.receiver(broker, queue)
      const delivery = await stage.messages.takeOne(successor, stage.messages.reclaimMs)
      const publish = [{ queue, message: message({ id: 'from the dead' }) }]
      const late = { ...success(task), detail: 'late' }
      assert.deepEqual(await stage.commit(receiver, { lease, record: late, publish }), ['lost'])
      assert.deepEqual(await stage.recordOf(backend, task.id), task, 'no record')
      await stage.messages.nothing(successor, 'no follow-up')
      const done = success(task)
      assert.deepEqual(await stage.commit(successor, { lease: delivery.lease, record: done }), ['ok'])
      assert.deepEqual(await stage.recordOf(backend, task.id), done)
    },
  },
  {
    id: 'commit/a-late-answer-is-true',
    promise: '`lost`: the lease had already ended and the call changed nothing. `ok`: done.',
    requires: [commits, timed],
    async run(stage) {
      const setting = await stage.set({ leaseMs: stage.messages.leaseMs })
      const { broker, backend, queue, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      await stage.messages.pastLease()
      // Nobody took it yet: the service decides whether that is too late, once and for all of the commit.
      const [answer] = await stage.commit(receiver, { lease, record: success(task) })
      assert.ok(answer === 'ok' || answer === 'lost', answer)
      const stored = await stage.recordOf(backend, task.id)
      assert.deepEqual(stored, answer === 'ok' ? success(task) : task)
      const successor = await stage.messages.receiver(broker, queue)
      if (answer === 'ok') return await stage.messages.nothing(successor, 'it is done')
      const delivery = await stage.messages.takeOne(successor, stage.messages.reclaimMs)
      assert.equal(delivery.message.id, task.id)
    },
  },
  {
    id: 'commit/refused-record-is-stale',
    promise: '`stale`: the message is gone, but its record was refused, so nothing was published.',
    requires: [commits],
    async run(stage) {
      for (const state of ['REVOKED', 'SUCCESS', 'FAILURE'] as const) {
        const setting = await stage.set()
        const { backend, queue, receiver } = setting
        const { task, lease } = await deliver(stage, setting)
        const ended = { ...task, state, detail: 'ended before' }
        assert.deepEqual(await backend.results.put([ended]), ['stored'])
        const publish = [{ queue, message: message({ id: 'after the end' }) }]
        assert.deepEqual(
          await stage.commit(receiver, { lease, record: success(task), publish }),
          ['stale'],
          state,
        )
        assert.deepEqual(await stage.recordOf(backend, task.id), ended, 'the end stays as it was')
        assert.deepEqual(await receiver.nack([lease], { delayMs: 0 }), ['lost'], 'the message is gone')
        await stage.messages.nothing(receiver, 'and nothing was published')
      }
    },
  },
  {
    id: 'commit/an-older-run-is-stale',
    promise: 'Fenced as `ResultBackend.put`.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { backend, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      const newer = { ...task, state: 'STARTED', attempt: 1, epoch: 0 } as const
      assert.deepEqual(await backend.results.put([newer]), ['stored'])
      assert.deepEqual(await stage.commit(receiver, { lease, record: { ...success(task), epoch: 9 } }), [
        'stale',
      ])
      assert.deepEqual(await stage.recordOf(backend, task.id), newer)
    },
  },
  {
    id: 'commit/repeated-tells-what-happened',
    promise: 'A repeated call tells what happened.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { backend, queue, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      const item = { lease, record: success(task), publish: [{ queue, message: message({ id: 'once' }) }] }
      assert.deepEqual(await stage.commit(receiver, item), ['ok'])
      const [again] = await stage.commit(receiver, item)
      assert.ok(again === 'ok' || again === 'lost', `done already, not ${again}`)
      assert.deepEqual(await stage.recordOf(backend, task.id), success(task))
      await stage.messages.takeOne(receiver)
      await stage.messages.nothing(receiver, 'published once')
    },
  },
  {
    id: 'commit/mixed-outcomes-keep-their-places',
    promise: 'Per item, in one atomic step.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { backend, receiver } = setting
      const fine = await deliver(stage, setting)
      const acked = await deliver(stage, setting)
      const revoked = await deliver(stage, setting)
      const last = await deliver(stage, setting)
      await receiver.ack([acked.lease])
      await backend.results.put([{ ...revoked.task, state: 'REVOKED' }])
      const items = [acked, fine, revoked, last].map(({ lease, task }) => ({ lease, record: success(task) }))
      assert.deepEqual(await stage.commit(receiver, ...items), ['lost', 'ok', 'stale', 'ok'])
      const ids = [acked, fine, revoked, last].map(({ task }) => task.id)
      const states = (await backend.results.get(ids)).map((stored) => stored?.state)
      assert.deepEqual(states, ['PENDING', 'SUCCESS', 'REVOKED', 'SUCCESS'])
    },
  },
  {
    id: 'commit/claimed-by-another-run-is-stale',
    promise: '`claim`: every earlier claim of the task is fenced out.',
    requires: [commits],
    async run(stage) {
      const setting = await stage.set()
      const { backend, receiver } = setting
      const { task, lease } = await deliver(stage, setting)
      const claim = { id: task.id, generation: 0, attempt: 0, ttlMs: 60_000 }
      const [mine, theirs] = await backend.results.claim([
        { ...claim, runId: 'mine' },
        { ...claim, runId: 'theirs' },
      ])
      assert.ok(typeof mine === 'object' && typeof theirs === 'object')
      const late = record({ ...success(task), epoch: mine.epoch })
      assert.deepEqual(await stage.commit(receiver, { lease, record: late }), ['stale'])
      assert.notEqual((await stage.recordOf(backend, task.id))?.state, 'SUCCESS')
    },
  },
]
