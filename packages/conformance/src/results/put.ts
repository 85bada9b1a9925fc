import assert from 'node:assert/strict'
import { type BackendCase, largestBuiltValue, reachableValueLimit } from '../state/offers.ts'
import { record } from '../state/stage.ts'

export const putCases: readonly BackendCase[] = [
  {
    id: 'results/put-stores-every-field',
    promise: 'What a backend keeps of one task.',
    async run(stage) {
      const results = await stage.results()
      const full = record({
        name: 'größe.任务',
        queue: 'a.b-c_d',
        state: 'RETRY',
        generation: 3,
        attempt: 7,
        epoch: 11,
        updatedAt: 1_798_761_599_999,
        detail: JSON.stringify({ text: '🦊 "quoted" \\ \n\t', list: [1, null, { deep: true }] }),
        ttlMs: 7_200_000,
        markMs: 14_400_000,
      })
      assert.deepEqual(await results.put([full]), ['stored'])
      assert.deepEqual(await results.get([full.id]), [full])
    },
  },
  {
    id: 'results/put-detail-is-never-parsed',
    promise: 'A backend never parses it.',
    async run(stage) {
      const results = await stage.results()
      const details = ['', '{}', '{ "x" : 1.0 }', 'not json', '[1e400]', '9007199254740993', ' \n', 'ünï 🦊']
      const records = details.map((detail) => record({ detail }))
      await results.put(records)
      const stored = await results.get(records.map(({ id }) => id))
      assert.deepEqual(
        stored.map((one) => one?.detail),
        details,
      )
    },
  },
  {
    id: 'results/put-any-id',
    promise: "The task's id.",
    async run(stage) {
      const results = await stage.results()
      const base = stage.key()
      const ids = [':{x}', ' with space', '/größe', '任务', '🦊', `"'\\`, '%2F..', '*?[a]', 'i'.repeat(80)]
      const records = ids.map((id) => record({ id: `${base}${id}`, detail: id }))
      assert.deepEqual(
        await results.put(records),
        ids.map(() => 'stored'),
      )
      const stored = await results.get(records.map(({ id }) => id))
      assert.deepEqual(
        stored.map((one) => one?.detail),
        ids,
      )
    },
  },
  {
    id: 'results/put-one-outcome-per-record-in-order',
    promise: 'Atomic per record: a stale one does not spoil its neighbours.',
    async run(stage) {
      const results = await stage.results()
      const [done, open, again] = [record({ state: 'SUCCESS' }), record(), record()]
      await results.put([done])
      const late = { ...done, state: 'STARTED' } as const
      const outcomes = await results.put([open, late, again, { ...again, state: 'SUCCESS' }, again])
      assert.deepEqual(outcomes, ['stored', 'stale', 'stored', 'stored', 'stale'])
      assert.deepEqual(await results.put([]), [])
    },
  },
  {
    id: 'results/put-a-large-detail',
    promise: 'The longest record detail.',
    async run(stage) {
      const backend = await stage.open()
      const length = Math.min(256 * 1024, backend.capabilities.maxValueBytes)
      const large = record({ detail: 'x'.repeat(length) })
      assert.deepEqual(await backend.results.put([large]), ['stored'])
      const [stored] = await backend.results.get([large.id])
      assert.equal(stored?.detail.length, length)
    },
  },
  {
    id: 'results/put-longest-detail-fits-and-more-is-refused',
    promise: 'The longest record detail. `limit` (too large, too many).',
    requires: [reachableValueLimit],
    async run(stage) {
      const backend = await stage.open()
      const length = backend.capabilities.maxValueBytes
      assert.ok(length <= largestBuiltValue)
      const fits = record({ detail: 'x'.repeat(length) })
      assert.deepEqual(await backend.results.put([fits]), ['stored'])
      const large = record({ detail: 'x'.repeat(length + 1) })
      await assert.rejects(backend.results.put([large]), (error) => backend.classify(error) === 'limit')
      assert.deepEqual(await backend.results.get([large.id]), [undefined])
    },
  },
]
