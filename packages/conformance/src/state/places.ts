import assert from 'node:assert/strict'
import type { BackendCase } from './offers.ts'
import { longTtlMs } from './stage.ts'

const lock = { limit: 1, ttlMs: longTtlMs }

export const placeCases: readonly BackendCase[] = [
  {
    id: 'state/acquire-one-place',
    promise: 'Takes one of `limit` places. Returns undefined when all places are taken.',
    async run(stage) {
      const backend = await stage.open()
      const other = await stage.again(backend)
      const key = stage.key()
      assert.deepEqual(await backend.state.holders(key), [])
      assert.ok((await backend.state.acquire(key, 'a', lock)) !== undefined)
      assert.equal(await other.state.acquire(key, 'b', lock), undefined)
      assert.deepEqual(await other.state.holders(key), ['a'])
      assert.ok((await other.state.acquire(stage.key(), 'b', lock)) !== undefined, 'keys are apart')
      assert.equal(await backend.state.release(key, 'a'), true)
      assert.deepEqual(await other.state.holders(key), [])
      assert.ok((await other.state.acquire(key, 'b', lock)) !== undefined)
    },
  },
  {
    id: 'state/acquire-the-number-rises',
    promise: 'Returns a fencing number that rises with every new holder.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      let last = 0
      for (const holder of ['a', 'b', 'a', 'a']) {
        const token = await state.acquire(key, holder, lock)
        assert.ok(token !== undefined && token > last, `${token} after ${last}`)
        last = token
        await state.release(key, holder)
      }
      const short = await state.acquire(key, 'c', { limit: 1, ttlMs: stage.shortMs })
      await stage.pastShort()
      const next = await state.acquire(key, 'd', lock)
      assert.ok(
        short !== undefined && next !== undefined && next > short && short > last,
        'also after one expired',
      )
    },
  },
  {
    id: 'state/acquire-the-same-holder-keeps-its-place',
    promise: 'Or keeps it if `holder` already has one.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const first = await state.acquire(key, 'a', { limit: 1, ttlMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      const again = await state.acquire(key, 'a', { limit: 1, ttlMs: stage.shortMs * 3 })
      assert.equal(again, first, 'the same holder is no new one')
      await stage.pastShort()
      assert.deepEqual(await state.holders(key), ['a'], 'kept for the time given last')
      assert.equal(await state.acquire(key, 'b', lock), undefined)
    },
  },
  {
    id: 'state/acquire-three-places',
    promise: 'Takes one of `limit` places.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const places = { limit: 3, ttlMs: longTtlMs }
      const tokens = []
      for (const holder of ['a', 'b', 'c']) tokens.push(await state.acquire(key, holder, places))
      assert.ok(tokens.every((token) => token !== undefined))
      assert.equal(new Set(tokens).size, 3)
      assert.equal(await state.acquire(key, 'd', places), undefined)
      assert.deepEqual((await state.holders(key)).toSorted(), ['a', 'b', 'c'])
      assert.equal(await state.release(key, 'b'), true)
      assert.ok((await state.acquire(key, 'd', places)) !== undefined)
      assert.deepEqual((await state.holders(key)).toSorted(), ['a', 'c', 'd'])
    },
  },
  {
    id: 'state/acquire-a-lowered-limit',
    promise: 'Undefined when all places are taken.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      for (const holder of ['a', 'b', 'c']) await state.acquire(key, holder, { limit: 3, ttlMs: longTtlMs })
      assert.equal(await state.acquire(key, 'd', { limit: 2, ttlMs: longTtlMs }), undefined)
      await state.release(key, 'a')
      assert.equal(
        await state.acquire(key, 'd', { limit: 2, ttlMs: longTtlMs }),
        undefined,
        'two are still there',
      )
      await state.release(key, 'b')
      assert.ok((await state.acquire(key, 'd', { limit: 2, ttlMs: longTtlMs })) !== undefined)
    },
  },
  {
    id: 'state/acquire-expires',
    promise: 'Takes one of `limit` places for `ttlMs`.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      await state.acquire(key, 'a', { limit: 1, ttlMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal(await state.acquire(key, 'b', lock), undefined, 'not before its time')
      await stage.pastShort()
      assert.deepEqual(await state.holders(key), [])
      assert.ok((await state.acquire(key, 'b', lock)) !== undefined)
      assert.equal(await state.renew(key, 'a', { ttlMs: longTtlMs }), false, 'the former holder has no place')
      assert.equal(await state.release(key, 'a'), false, 'and frees none')
      assert.deepEqual(await state.holders(key), ['b'])
    },
  },
  {
    id: 'state/renew',
    promise: 'Whether the holder still had its place; it is kept for another `ttlMs`.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const ttlMs = stage.shortMs
      await state.acquire(key, 'a', { limit: 1, ttlMs })
      for (let round = 0; round < 4; round++) {
        await stage.time.sleep(ttlMs / 2)
        assert.equal(await state.renew(key, 'a', { ttlMs }), true)
      }
      assert.equal(await state.acquire(key, 'b', lock), undefined)
      await stage.pastShort()
      assert.equal(await state.renew(key, 'a', { ttlMs }), false, 'too late')
      assert.deepEqual(await state.holders(key), [], 'a late renewal takes no place')
      assert.equal(await state.renew(stage.key(), 'a', { ttlMs }), false)
    },
  },
  {
    id: 'state/acquire-never-more-than-the-limit',
    promise: 'Every change is atomic.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const key = stage.key()
      const asked = Array.from({ length: 50 }, (_, at) =>
        (at % 2 === 0 ? first : second).state.acquire(key, `holder ${at}`, { limit: 3, ttlMs: longTtlMs }),
      )
      const tokens = (await Promise.all(asked)).filter((token) => token !== undefined)
      assert.equal(tokens.length, 3)
      assert.equal(new Set(tokens).size, 3, 'each with a number of its own')
      assert.equal((await first.state.holders(key)).length, 3)
    },
  },
]
