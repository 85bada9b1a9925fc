import assert from 'node:assert/strict'
import type { ResultBackend, TaskRecord } from '@tq/core/driver'
import type { BackendCase } from '../state/offers.ts'
import { record } from '../state/stage.ts'

/** A put that must be refused, and change nothing. */
async function refused(results: ResultBackend, kept: TaskRecord, late: Partial<TaskRecord>): Promise<void> {
  const attempted = { ...kept, detail: 'too late', ...late }
  assert.deepEqual(await results.put([attempted]), ['stale'], JSON.stringify(late))
  assert.deepEqual(await results.get([kept.id]), [kept], 'nothing changed')
}

async function accepted(results: ResultBackend, next: TaskRecord): Promise<TaskRecord> {
  assert.deepEqual(await results.put([next]), ['stored'])
  assert.deepEqual(await results.get([next.id]), [next])
  return next
}

export const fencingCases: readonly BackendCase[] = [
  {
    id: 'results/put-older-is-stale',
    promise:
      '`stale`, and nothing changed, when the stored record is of a higher (generation, attempt, epoch).',
    async run(stage) {
      const results = await stage.results()
      const kept = await accepted(results, record({ generation: 1, attempt: 2, epoch: 3 }))
      await refused(results, kept, { epoch: 2 })
      await refused(results, kept, { attempt: 1 })
      await refused(results, kept, { generation: 0 })
      // Compared in this order: a higher later part does not make up for a lower earlier one.
      await refused(results, kept, { attempt: 1, epoch: 99 })
      await refused(results, kept, { generation: 0, attempt: 99, epoch: 99 })
      await refused(results, kept, { generation: 0, state: 'SUCCESS', attempt: 99 })
    },
  },
  {
    id: 'results/put-same-or-newer-is-stored',
    promise: 'A backend refuses a record that is older than the one it has.',
    async run(stage) {
      const results = await stage.results()
      const first = await accepted(results, record({ attempt: 1, epoch: 5 }))
      const progress = await accepted(results, { ...first, detail: 'progress' })
      const epoch = await accepted(results, { ...progress, epoch: 6 })
      const attempt = await accepted(results, { ...epoch, attempt: 2, epoch: 1 })
      await accepted(results, { ...attempt, generation: 1, attempt: 0, epoch: 0 })
    },
  },
  {
    id: 'results/put-numbers-are-compared-as-numbers',
    promise: 'Ordered by (`generation`, `attempt`, `epoch`).',
    async run(stage) {
      const results = await stage.results()
      const ten = await accepted(results, record({ generation: 10, attempt: 10, epoch: 10 }))
      await refused(results, ten, { epoch: 9 })
      await refused(results, ten, { attempt: 9 })
      await refused(results, ten, { generation: 9 })
      const large = await accepted(results, { ...ten, epoch: 2 ** 40 })
      await refused(results, large, { epoch: 2 ** 40 - 1 })
    },
  },
  {
    id: 'results/put-terminal-is-final-within-its-generation',
    promise: '`stale` when the stored record is terminal in the same generation.',
    async run(stage) {
      const results = await stage.results()
      for (const state of ['SUCCESS', 'FAILURE', 'REVOKED'] as const) {
        const ended = await accepted(results, record({ state, generation: 1 }))
        for (const next of ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'] as const) {
          await refused(results, ended, { state: next, attempt: 5, epoch: 5 })
          await refused(results, ended, { state: next })
        }
        await refused(results, ended, { generation: 0, attempt: 9 })
        await accepted(results, { ...ended, generation: 2, state: 'PENDING' })
      }
    },
  },
  {
    id: 'results/put-states-that-do-not-end-are-not-final',
    promise: 'The states that end a task are SUCCESS, FAILURE and REVOKED.',
    async run(stage) {
      const results = await stage.results()
      let task = record({ state: 'PENDING' })
      for (const state of ['STARTED', 'RETRY', 'PENDING', 'SUCCESS'] as const) {
        task = await accepted(results, { ...task, state })
      }
    },
  },
]
