import assert from 'node:assert/strict'
import { type BackendCase, shared } from '../state/offers.ts'
import { record } from '../state/stage.ts'

export const getCases: readonly BackendCase[] = [
  {
    id: 'results/get-in-order-and-undefined-where-absent',
    promise: 'In order; undefined where absent or expired.',
    async run(stage) {
      const results = await stage.results()
      const [first, second] = [record(), record()]
      await results.put([first, second])
      const absent = stage.key()
      const stored = await results.get([second.id, absent, first.id, second.id])
      assert.deepEqual(stored, [second, undefined, first, second])
      assert.deepEqual(await results.get([]), [])
    },
  },
  {
    id: 'results/get-many-at-once',
    promise: 'In order.',
    async run(stage) {
      const results = await stage.results()
      const records = Array.from({ length: 150 }, (_, at) => record({ detail: String(at) }))
      assert.deepEqual(
        await results.put(records),
        records.map(() => 'stored'),
      )
      const reversed = records.toReversed()
      assert.deepEqual(await results.get(reversed.map(({ id }) => id)), reversed)
    },
  },
  {
    id: 'results/get-sees-every-answered-put',
    promise: 'Sees every put that was answered before.',
    async run(stage) {
      const backend = await stage.open()
      const reader = await stage.again(backend)
      const task = record()
      for (let attempt = 0; attempt < 20; attempt++) {
        await backend.results.put([{ ...task, attempt }])
        const [stored] = await reader.results.get([task.id])
        assert.equal(stored?.attempt, attempt)
      }
    },
  },
  {
    id: 'results/get-instances-share-records',
    promise: 'Instances created separately, in other processes too, see the same data.',
    requires: [shared],
    async run(stage) {
      const writer = await stage.open()
      const task = record({ detail: 'kept' })
      await writer.results.put([task])
      await stage.time.until(writer.close())
      assert.deepEqual(await (await stage.results()).get([task.id]), [task])
    },
  },
  {
    id: 'results/delete-forgets-records-and-marks',
    promise: 'Forgets records and marks.',
    async run(stage) {
      const results = await stage.results()
      const [done, kept] = [record({ state: 'SUCCESS', epoch: 4 }), record({ state: 'SUCCESS' })]
      await results.put([done, kept])
      await results.delete([done.id, stage.key()])
      await results.delete([done.id])
      await results.delete([])
      assert.deepEqual(await results.get([done.id, kept.id]), [undefined, kept])
      const claim = { id: done.id, generation: 0, attempt: 0, runId: 'again', ttlMs: 60_000 }
      const [outcome] = await results.claim([claim])
      assert.equal(typeof outcome, 'object', 'a forgotten task may run')
      const fresh = {
        ...done,
        state: 'STARTED',
        epoch: typeof outcome === 'object' ? outcome.epoch : 0,
      } as const
      assert.deepEqual(await results.put([fresh]), ['stored'])
    },
  },
]
