import assert from 'node:assert/strict'
import type { BackendCase } from '../state/offers.ts'
import { record } from '../state/stage.ts'

export const concurrencyCases: readonly BackendCase[] = [
  {
    id: 'results/concurrency-a-hundred-claims-a-hundred-epochs',
    promise: 'Every earlier claim of the task is fenced out.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const task = record({ state: 'PENDING' })
      await first.results.put([task])
      const claims = Array.from({ length: 100 }, (_, at) => {
        const { results } = at % 2 === 0 ? first : second
        return results.claim([{ id: task.id, generation: 0, attempt: 0, runId: `run ${at}`, ttlMs: 60_000 }])
      })
      const outcomes = (await Promise.all(claims)).flat()
      const epochs = outcomes.map((outcome) => (typeof outcome === 'object' ? outcome.epoch : Number.NaN))
      assert.equal(new Set(epochs).size, 100, 'no two runs share an epoch')
      assert.ok(epochs.every(Number.isSafeInteger), 'every claim is granted')
      const latest = Math.max(...epochs)
      const late = epochs.filter((epoch) => epoch !== latest).map((epoch) => ({ ...task, epoch }))
      assert.deepEqual(
        await first.results.put(late),
        late.map(() => 'stale'),
        'all but the last are fenced out',
      )
    },
  },
  {
    id: 'results/concurrency-one-end-of-a-hundred',
    promise: 'Atomic per record.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const task = record({ state: 'STARTED', epoch: 1 })
      await first.results.put([task])
      const puts = Array.from({ length: 100 }, (_, at) => {
        const { results } = at % 2 === 0 ? first : second
        const state = at % 3 === 0 ? 'FAILURE' : 'SUCCESS'
        return results.put([{ ...task, state, detail: String(at) }])
      })
      const outcomes = (await Promise.all(puts)).flat()
      assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 1, 'exactly one end is stored')
      const [stored] = await second.results.get([task.id])
      assert.equal(stored?.detail, String(outcomes.indexOf('stored')), 'the one that was told so')
    },
  },
  {
    id: 'results/concurrency-different-tasks-at-once',
    promise: 'Atomic per record.',
    async run(stage) {
      const results = await stage.results()
      const records = Array.from({ length: 100 }, (_, at) => record({ detail: String(at) }))
      await Promise.all(records.map((one) => results.put([one])))
      assert.deepEqual(await results.get(records.map(({ id }) => id)), records)
    },
  },
]
