import assert from 'node:assert/strict'
import type { TaskState } from '@tq/core/driver'
import { message } from '../broker/stage.ts'
import { record } from '../state/stage.ts'
import type { StoreCase } from './offers.ts'
import { timed, verdicts } from './offers.ts'
import type { StoreStage } from './stage.ts'

/** The verdict on a task that was sent with a record, which then came to stand like this. */
async function verdictOn(stage: StoreStage, state: TaskState) {
  const { broker, backend, queue, receiver } = await stage.set()
  const task = record({ state: 'PENDING' })
  await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
  if (state !== 'PENDING') assert.deepEqual(await backend.results.put([{ ...task, state }]), ['stored'])
  return (await stage.messages.takeOne(receiver)).verdict
}

export const verdictCases: readonly StoreCase[] = [
  {
    id: 'verdict/run-while-it-has-not-ended',
    promise: "What the task's record says of it, read in the same step. `run` replaces `claim`.",
    requires: [verdicts],
    async run(stage) {
      assert.equal(await verdictOn(stage, 'PENDING'), 'run')
      assert.equal(await verdictOn(stage, 'STARTED'), 'run')
      assert.equal(await verdictOn(stage, 'RETRY'), 'run')
    },
  },
  {
    id: 'verdict/terminal',
    promise: "What the task's record says of it, read in the same step.",
    requires: [verdicts],
    async run(stage) {
      assert.equal(await verdictOn(stage, 'SUCCESS'), 'terminal')
      assert.equal(await verdictOn(stage, 'FAILURE'), 'terminal')
    },
  },
  {
    id: 'verdict/revoked',
    promise: "What the task's record says of it, read in the same step.",
    requires: [verdicts],
    async run(stage) {
      assert.equal(await verdictOn(stage, 'REVOKED'), 'revoked')
    },
  },
  {
    id: 'verdict/read-again-for-each-delivery',
    promise: "What the task's record says of it, read in the same step.",
    requires: [verdicts],
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      const first = await stage.messages.takeOne(receiver)
      assert.equal(first.verdict, 'run')
      assert.deepEqual(await receiver.nack([first.lease], { delayMs: 0 }), ['ok'])
      await backend.results.put([{ ...task, state: 'REVOKED' }])
      assert.equal((await stage.messages.takeOne(receiver)).verdict, 'revoked')
    },
  },
  {
    id: 'verdict/the-mark-outlives-the-record',
    promise: 'Treating the task as ended also when the record itself has expired.',
    requires: [verdicts],
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const ttlMs = stage.messages.leaseMs
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      await backend.results.put([{ ...task, state: 'SUCCESS', ttlMs }])
      await stage.messages.pastLease()
      assert.equal(await stage.recordOf(backend, task.id), undefined)
      const { verdict } = await stage.messages.takeOne(receiver)
      assert.equal(verdict, 'terminal')
    },
  },
  {
    id: 'verdict/no-record-no-objection',
    promise: 'Undefined means core has to ask `claim`.',
    requires: [verdicts],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      await stage.messages.publish(broker, queue, message())
      const { verdict } = await stage.messages.takeOne(receiver)
      assert.ok(verdict === undefined || verdict === 'run', `nothing is known of it, not ${verdict}`)
    },
  },
  {
    id: 'verdict/on-a-delivery-after-a-lost-lease',
    promise: "What the task's record says of it, read in the same step.",
    requires: [verdicts, timed],
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set({ leaseMs: stage.messages.leaseMs })
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      await stage.messages.takeOne(receiver)
      await backend.results.put([{ ...task, state: 'REVOKED' }])
      await stage.messages.pastLease()
      const successor = await stage.messages.receiver(broker, queue)
      const delivery = await stage.messages.takeOne(successor, stage.messages.reclaimMs)
      assert.equal(delivery.verdict, 'revoked')
    },
  },
]
