import assert from 'node:assert/strict'
import type { BackendCase } from './offers.ts'
import { longTtlMs } from './stage.ts'

const ttlMs = longTtlMs

export const countCases: readonly BackendCase[] = [
  {
    id: 'state/count-adds-up',
    promise: 'Adds to named numbers.',
    async run(stage) {
      const state = await stage.state()
      const [key, other, absent] = [stage.key(), stage.key(), stage.key()]
      await state.count(key, { done: 2, 'größe 🦊:{x}': 1 }, { ttlMs })
      await state.count(key, { done: 3, failed: 0, down: -4 }, { ttlMs })
      await state.count(key, { seconds: 0.5 }, { ttlMs })
      await state.count(key, { seconds: 0.25 }, { ttlMs })
      await state.count(key, {}, { ttlMs })
      await state.count(other, { done: 1 }, { ttlMs })
      const [first, nothing, second] = await state.counted([key, absent, other])
      const { failed, ...rest } = { ...first }
      assert.deepEqual(rest, { done: 5, 'größe 🦊:{x}': 1, down: -4, seconds: 0.75 })
      assert.ok(failed === undefined || failed === 0)
      assert.deepEqual({ ...nothing }, {}, 'nothing was counted there')
      assert.deepEqual({ ...second }, { done: 1 })
      assert.deepEqual(await state.counted([]), [])
    },
  },
  {
    id: 'state/count-merges-all-workers',
    promise: 'Sums from all workers merge.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const key = stage.key()
      const counting = Array.from({ length: 100 }, (_, at) =>
        (at % 2 === 0 ? first : second).state.count(key, { all: 1, [`by ${at % 4}`]: 2 }, { ttlMs }),
      )
      await Promise.all(counting)
      const [sums] = await first.state.counted([key])
      assert.deepEqual({ ...sums }, { all: 100, 'by 0': 50, 'by 1': 50, 'by 2': 50, 'by 3': 50 })
    },
  },
  {
    id: 'state/count-leaves-by-itself',
    promise: 'They leave by themselves after `ttlMs`.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      await state.count(key, { done: 1 }, { ttlMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.deepEqual({ ...(await state.counted([key]))[0] }, { done: 1 }, 'not before its time')
      await stage.pastShort()
      assert.deepEqual({ ...(await state.counted([key]))[0] }, {})
    },
  },
]
