import assert from 'node:assert/strict'
import { bytes, idsOf, message, messages } from '../broker/stage.ts'
import { record } from '../state/stage.ts'
import type { StoreCase } from './offers.ts'
import { reachableBodyLimit } from './offers.ts'

export const acceptCases: readonly StoreCase[] = [
  {
    id: 'accept/record-and-message-together',
    promise: 'Stored together with the message in one atomic step.',
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING', queue, detail: '{"sent":"größe"}' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      assert.deepEqual(await stage.recordOf(backend, task.id), task)
      assert.equal((await stage.messages.takeOne(receiver)).message.id, task.id)
    },
  },
  {
    id: 'accept/record-at-once-message-when-due',
    promise: 'Stored together with the message in one atomic step.',
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const { delayMs, promptMs } = stage.messages
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task, delayMs }))
      assert.deepEqual(await stage.recordOf(backend, task.id), task)
      await stage.messages.nothing(receiver, 'not yet due', delayMs / 2)
      await stage.messages.takeOne(receiver, delayMs + promptMs)
    },
  },
  {
    id: 'accept/same-id-again-adds-no-second-message',
    promise:
      'When a record of that id with the same or a higher (generation, attempt) exists: nothing is stored again and the outcome is `accepted`.',
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING', detail: 'first' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      const repeated = message({ id: task.id, record: { ...task, detail: 'second' } })
      await stage.messages.publish(broker, queue, repeated)
      const { lease } = await stage.messages.takeOne(receiver)
      await stage.messages.publish(broker, queue, repeated)
      await stage.messages.nothing(receiver, 'not while it waits, not while it is leased')
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
      await stage.messages.publish(broker, queue, repeated)
      await stage.messages.nothing(receiver, 'and not when it is done')
      assert.equal((await stage.recordOf(backend, task.id))?.detail, 'first')
    },
  },
  {
    id: 'accept/same-id-twice-in-one-call',
    promise: 'The task was accepted before: nothing is stored again and the outcome is `accepted`.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING' })
      const twice = [message({ id: task.id, record: task }), message({ id: task.id, record: task })]
      await stage.messages.publish(broker, queue, ...twice, message({ id: 'other' }))
      assert.deepEqual(idsOf(await stage.messages.take(receiver, 2)), [task.id, 'other'].sort())
      await stage.messages.nothing(receiver, 'one message of the task')
    },
  },
  {
    id: 'accept/a-finished-task-is-not-started-again',
    promise: 'The same or a higher (generation, attempt) exists: the task was accepted before.',
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const done = record({ state: 'SUCCESS', attempt: 2, epoch: 5 })
      assert.deepEqual(await backend.results.put([done]), ['stored'])
      const sent = record({ id: done.id, state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: done.id, record: sent }))
      await stage.messages.nothing(receiver, 'a finished task is not sent again')
      assert.deepEqual(await stage.recordOf(backend, done.id), done)
    },
  },
  {
    id: 'accept/a-higher-generation-or-attempt-is-new',
    promise: 'When a record with the same or a higher (generation, attempt) exists.',
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING' })
      await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
      const retried = { ...task, state: 'RETRY', attempt: 1 } as const
      await stage.messages.publish(broker, queue, message({ id: task.id, record: retried }))
      assert.deepEqual(await stage.recordOf(backend, task.id), retried)
      const failed = { ...task, state: 'FAILURE', attempt: 1, epoch: 1 } as const
      assert.deepEqual(await backend.results.put([failed]), ['stored'])
      const rerun = { ...task, generation: 1 }
      await stage.messages.publish(broker, queue, message({ id: task.id, record: rerun }))
      assert.deepEqual(await stage.recordOf(backend, task.id), rerun)
      await stage.messages.take(receiver, 3)
    },
  },
  {
    id: 'accept/many-senders-of-one-task',
    promise: 'Stored together with the message in one atomic step.',
    async run(stage) {
      const { broker, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING' })
      const senders = Array.from({ length: 20 }, () =>
        stage.messages.publish(broker, queue, message({ id: task.id, record: task })),
      )
      await Promise.all([...senders, stage.messages.publish(broker, queue, ...messages(1))])
      await stage.messages.take(receiver, 2)
      await stage.messages.nothing(receiver, 'one message, however many sent it')
    },
  },
  {
    id: 'accept/rejected-leaves-no-record',
    promise: '`rejected`: certainly not stored.',
    requires: [reachableBodyLimit],
    async run(stage) {
      const { broker, backend, queue, receiver } = await stage.set()
      const task = record({ state: 'PENDING' })
      const body = new Uint8Array(broker.capabilities.maxBodyBytes + 1)
      const [outcome] = await broker.publish(queue, [message({ id: task.id, record: task, body })])
      assert.ok(typeof outcome === 'object', `too large is refused, not ${outcome}`)
      assert.equal(await stage.recordOf(backend, task.id), undefined)
      const fitting = message({ id: task.id, record: task, body: bytes('fits') })
      await stage.messages.publish(broker, queue, fitting)
      assert.equal((await stage.messages.takeOne(receiver)).message.id, task.id, 'the id is still free')
    },
  },
]
