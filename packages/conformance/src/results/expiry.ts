import assert from 'node:assert/strict'
import type { BackendCase } from '../state/offers.ts'
import { longTtlMs, record } from '../state/stage.ts'

const run = { generation: 0, attempt: 0, runId: 'late copy', ttlMs: 60_000 }

export const expiryCases: readonly BackendCase[] = [
  {
    id: 'results/ttl-reads-as-absent-afterwards',
    promise: 'The record reads as absent this long after it was stored.',
    async run(stage) {
      const results = await stage.results()
      const [short, long] = [record({ ttlMs: stage.shortMs, markMs: stage.shortMs }), record()]
      await results.put([short, long])
      await stage.time.sleep(stage.shortMs / 2)
      assert.deepEqual(await results.get([short.id, long.id]), [short, long], 'not before its time')
      await stage.time.sleep(stage.shortMs / 2 + stage.resolution + 50)
      assert.deepEqual(await results.get([short.id, long.id]), [undefined, long])
    },
  },
  {
    id: 'results/ttl-counts-from-the-last-put',
    promise: 'The record reads as absent this long after it was stored.',
    async run(stage) {
      const results = await stage.results()
      const task = record({ ttlMs: stage.shortMs, markMs: stage.shortMs })
      await results.put([task])
      await stage.time.sleep(stage.shortMs * 0.7)
      await results.put([{ ...task, detail: 'again' }])
      await stage.time.sleep(stage.shortMs * 0.7)
      assert.equal((await results.get([task.id]))[0]?.detail, 'again')
    },
  },
  {
    id: 'results/ttl-the-mark-outlives-the-record',
    promise: '`claim` and `put` go on treating the task as ended also when the record itself has expired.',
    async run(stage) {
      const results = await stage.results()
      for (const state of ['SUCCESS', 'REVOKED'] as const) {
        const ended = record({ state, ttlMs: stage.shortMs, markMs: longTtlMs })
        await results.put([ended])
        await stage.pastShort()
        assert.deepEqual(await results.get([ended.id]), [undefined])
        const expected = state === 'REVOKED' ? 'revoked' : 'terminal'
        assert.deepEqual(await results.claim([{ id: ended.id, ...run }]), [expected])
        const late = { ...ended, state: 'STARTED', attempt: 1, epoch: 9, ttlMs: longTtlMs } as const
        assert.deepEqual(await results.put([late]), ['stale'])
        assert.deepEqual(await results.get([ended.id]), [undefined], 'it does not come back')
        const again = { ...late, generation: 1 }
        assert.deepEqual(await results.put([again]), ['stored'], 'a higher generation does')
      }
    },
  },
  {
    id: 'results/ttl-the-mark-ends-too',
    promise: '`claim` and `put` go on treating the task as ended this long.',
    async run(stage) {
      const results = await stage.results()
      const ended = record({ state: 'SUCCESS', ttlMs: stage.shortMs, markMs: stage.shortMs })
      await results.put([ended])
      await stage.pastShort()
      const [outcome] = await results.claim([{ id: ended.id, ...run }])
      assert.equal(typeof outcome, 'object', `a task nobody remembers may run, not ${String(outcome)}`)
    },
  },
  {
    id: 'results/ttl-a-claim-is-remembered',
    promise: 'How long the claim must be remembered when there is no record yet.',
    async run(stage) {
      const results = await stage.results()
      const id = stage.key()
      const ttlMs = 3 * stage.shortMs
      const [first] = await results.claim([{ ...run, id, runId: 'first', ttlMs }])
      await stage.time.sleep(stage.shortMs)
      const [second] = await results.claim([{ ...run, id, runId: 'second', ttlMs }])
      assert.ok(typeof first === 'object' && typeof second === 'object')
      assert.ok(second.epoch > first.epoch)
    },
  },
]
