import assert from 'node:assert/strict'
import type { StateStore, Versioned } from '@tq/core/driver'
import type { BackendCase } from './offers.ts'
import { longTtlMs } from './stage.ts'

const ttlMs = longTtlMs

/** A put that must succeed. */
async function put(state: StateStore, key: string, value: string, ifVersion?: number): Promise<Versioned> {
  const outcome = await state.put(key, value, ifVersion === undefined ? { ttlMs } : { ttlMs, ifVersion })
  assert.ok(typeof outcome === 'object', `stored, not ${outcome}`)
  return outcome
}

export const versionCases: readonly BackendCase[] = [
  {
    id: 'state/version-rises-with-every-change',
    promise: 'A stored value and its version, which rises with every change.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      let last = await put(state, key, 'same')
      for (let round = 0; round < 5; round++) {
        const next = await put(state, key, 'same')
        assert.ok(next.version > last.version, `${next.version} after ${last.version}`)
        last = next
      }
      assert.deepEqual({ ...(await state.get([key]))[0] }, { ...last })
    },
  },
  {
    id: 'state/if-absent',
    promise: '`conflict`, and nothing changed, when the key exists (`ifAbsent`).',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const first = await state.put(key, 'first', { ttlMs, ifAbsent: true })
      assert.ok(typeof first === 'object')
      assert.equal(await state.put(key, 'second', { ttlMs, ifAbsent: true }), 'conflict')
      assert.deepEqual({ ...(await state.get([key]))[0] }, { ...first })
      assert.equal(await state.delete(key), true)
      assert.ok(typeof (await state.put(key, 'third', { ttlMs, ifAbsent: true })) === 'object')
    },
  },
  {
    id: 'state/if-version',
    promise: '`conflict`, and nothing changed, when the key is of another version (`ifVersion`).',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const first = await put(state, key, 'first')
      const second = await put(state, key, 'second', first.version)
      assert.ok(second.version > first.version)
      assert.equal(await state.put(key, 'third', { ttlMs, ifVersion: first.version }), 'conflict')
      assert.deepEqual({ ...(await state.get([key]))[0] }, { ...second })
      const absent = await state.put(stage.key(), 'none', { ttlMs, ifVersion: first.version })
      assert.equal(absent, 'conflict', 'what is not there is of no version')
    },
  },
  {
    id: 'state/a-conflict-does-not-renew',
    promise: '`conflict`, and nothing changed.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const first = await state.put(key, 'first', { ttlMs: stage.shortMs })
      assert.ok(typeof first === 'object')
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal(await state.put(key, 'second', { ttlMs, ifAbsent: true }), 'conflict')
      await stage.pastShort()
      assert.deepEqual(await state.get([key]), [undefined])
    },
  },
  {
    id: 'state/delete',
    promise: 'Whether it was there (and of that version) and is now gone.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      assert.equal(await state.delete(key), false)
      const first = await put(state, key, 'first')
      const second = await put(state, key, 'second')
      assert.equal(await state.delete(key, { ifVersion: first.version }), false)
      assert.equal((await state.get([key]))[0]?.value, 'second')
      assert.equal(await state.delete(key, { ifVersion: second.version }), true)
      assert.deepEqual(await state.get([key]), [undefined])
      assert.equal(await state.delete(key), false)
    },
  },
  {
    id: 'state/a-version-never-comes-back',
    promise: 'Its version rises with every change: deleting and putting again are changes.',
    async run(stage) {
      const state = await stage.state()
      const [deleted, expired] = [stage.key(), stage.key()]
      const first = await put(state, deleted, 'mine')
      await state.delete(deleted)
      await put(state, deleted, 'yours')
      assert.equal(
        await state.delete(deleted, { ifVersion: first.version }),
        false,
        'the former owner holds nothing',
      )

      const short = await state.put(expired, 'mine', { ttlMs: stage.shortMs })
      assert.ok(typeof short === 'object')
      await stage.pastShort()
      await put(state, expired, 'yours')
      const late = await state.put(expired, 'mine again', { ttlMs, ifVersion: short.version })
      assert.equal(late, 'conflict')
    },
  },
  {
    id: 'state/one-of-fifty-gets-it',
    promise: 'Every change is atomic.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const key = stage.key()
      const among = (at: number) => (at % 2 === 0 ? first : second).state
      const takers = Array.from({ length: 50 }, (_, at) =>
        among(at).put(key, String(at), { ttlMs, ifAbsent: true }),
      )
      const winners = (await Promise.all(takers)).filter((outcome) => outcome !== 'conflict')
      assert.equal(winners.length, 1)
      const version = winners[0]?.version ?? 0
      const swaps = Array.from({ length: 50 }, (_, at) =>
        among(at).put(key, String(at), { ttlMs, ifVersion: version }),
      )
      assert.equal((await Promise.all(swaps)).filter((outcome) => outcome !== 'conflict').length, 1)
    },
  },
  {
    id: 'state/no-update-is-lost',
    promise: 'Every change is atomic; what was answered is seen by everyone.',
    async run(stage) {
      const backend = await stage.open()
      const { state } = backend
      const key = stage.key()
      await put(state, key, '0')
      const increment = async () => {
        for (;;) {
          const [current] = await state.get([key])
          assert.ok(current)
          const next = String(Number(current.value) + 1)
          if ((await state.put(key, next, { ttlMs, ifVersion: current.version })) !== 'conflict') return
        }
      }
      await Promise.all(Array.from({ length: 10 }, increment))
      assert.equal((await state.get([key]))[0]?.value, '10')
    },
  },
]
