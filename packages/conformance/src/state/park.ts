import assert from 'node:assert/strict'
import type { BackendCase } from './offers.ts'

const leaseMs = 60_000

function item(key: string, value = `value of ${key}`) {
  return { key, value }
}

export const parkCases: readonly BackendCase[] = [
  {
    id: 'state/park-never-early',
    promise: 'Keeps a value in a named lot until it is due.',
    async run(stage) {
      const state = await stage.state()
      const lot = stage.key()
      const due = () => state.due(lot, { limit: 10, leaseMs })
      const parkedAt = stage.time.now()
      await state.park(lot, item('later', 'größe 🦊'), { delayMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.deepEqual(await due(), [], 'not before half the delay')
      const look = async () => {
        const items = await due()
        return items.length > 0 ? items : undefined
      }
      const items = await stage.time.eventually(look, stage.shortMs + 1_000 + stage.resolution, 'it is due')
      const took = stage.time.now() - parkedAt
      assert.ok(took >= stage.shortMs - 2, `${stage.shortMs} ms became ${took}`)
      assert.deepEqual(
        items.map(({ key, value }) => ({ key, value })),
        [item('later', 'größe 🦊')],
      )
    },
  },
  {
    id: 'state/park-earliest-first-up-to-limit',
    promise: 'Up to `limit` that are due, earliest first.',
    async run(stage) {
      const state = await stage.state()
      const lot = stage.key()
      const apart = Math.max(50, stage.resolution)
      // All at once: a slow disk must not come between their times.
      await Promise.all([
        state.park(lot, item('third'), { delayMs: 3 * apart }),
        state.park(lot, item('first'), { delayMs: apart }),
        state.park(lot, item('far'), { delayMs: 60_000 }),
        state.park(lot, item('second'), { delayMs: 2 * apart }),
      ])
      await stage.time.sleep(4 * apart + stage.resolution)
      const some = await state.due(lot, { limit: 2, leaseMs })
      assert.deepEqual(
        some.map(({ key }) => key),
        ['first', 'second'],
      )
      const rest = await state.due(lot, { limit: 2, leaseMs })
      assert.deepEqual(
        rest.map(({ key }) => key),
        ['third'],
      )
    },
  },
  {
    id: 'state/park-hidden-while-leased-then-again',
    promise: 'Each is hidden from others for `leaseMs` and comes again if not unparked.',
    async run(stage) {
      const backend = await stage.open()
      const other = await stage.again(backend)
      const lot = stage.key()
      await backend.state.park(lot, item('a'), { delayMs: 0 })
      const due = async (from: typeof backend) => {
        const items = await from.state.due(lot, { limit: 10, leaseMs: stage.shortMs })
        return items.length > 0 ? items : undefined
      }
      await stage.time.eventually(() => due(backend), 1_000 + stage.resolution, 'it is due at once')
      assert.equal(await due(other), undefined, 'hidden')
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal(await due(other), undefined, 'still hidden')
      await stage.time.eventually(
        () => due(other),
        stage.shortMs + 1_000 + stage.resolution,
        'it comes again',
      )
      assert.equal(await backend.state.unpark(lot, ['a']), 1)
      await stage.pastShort()
      assert.equal(await due(other), undefined, 'taken out for good')
    },
  },
  {
    id: 'state/unpark-says-how-many',
    promise: 'Takes them out for good. Returns how many were there.',
    async run(stage) {
      const state = await stage.state()
      const lot = stage.key()
      for (const key of ['a', 'b', 'c']) await state.park(lot, item(key), { delayMs: 0 })
      assert.equal(await state.unpark(lot, ['a', 'b', 'x']), 2, 'also before they were due or leased')
      assert.equal(await state.unpark(lot, ['a']), 0)
      assert.equal(await state.unpark(lot, []), 0)
      const elsewhere = stage.key()
      assert.equal(await state.unpark(elsewhere, ['c']), 0, 'lots are apart')
      const look = async () => {
        const items = await state.due(lot, { limit: 10, leaseMs })
        return items.length > 0 ? items : undefined
      }
      const items = await stage.time.eventually(look, 1_000 + stage.resolution, 'what is left is due')
      assert.deepEqual(
        items.map(({ key }) => key),
        ['c'],
      )
    },
  },
  {
    id: 'state/park-the-same-key-replaces',
    promise: 'The same key again replaces it.',
    async run(stage) {
      const state = await stage.state()
      const lot = stage.key()
      await state.park(lot, item('a', 'old'), { delayMs: 0 })
      await state.park(lot, item('a', 'new'), { delayMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.deepEqual(await state.due(lot, { limit: 10, leaseMs }), [], 'its time too')
      await stage.pastShort()
      const items = await state.due(lot, { limit: 10, leaseMs })
      assert.deepEqual(
        items.map(({ key, value }) => ({ key, value })),
        [item('a', 'new')],
      )
      // Replaced while leased: the new one is due on its own account.
      await state.park(lot, item('a', 'newer'), { delayMs: 0 })
      const look = async () => (await state.due(lot, { limit: 10, leaseMs }))[0]?.value
      assert.equal(await stage.time.eventually(look, 1_000 + stage.resolution, 'it is due'), 'newer')
      assert.equal(await state.unpark(lot, ['a']), 1)
    },
  },
  {
    id: 'state/due-says-how-long-overdue',
    promise: "How long ago it was due, by the store's clock; counts on while it is hidden and comes again.",
    async run(stage) {
      const state = await stage.state()
      const lot = stage.key()
      await state.park(lot, item('a'), { delayMs: stage.shortMs })
      const dueAt = stage.time.now() + stage.shortMs
      const look = async () => (await state.due(lot, { limit: 1, leaseMs: stage.shortMs }))[0]
      const first = await stage.time.eventually(look, stage.shortMs + 1_000 + stage.resolution, 'it is due')
      assert.ok(first.overdueMs >= 0, `${first.overdueMs} ms overdue`)
      const known = () => stage.time.now() - dueAt + stage.resolution + 5
      assert.ok(first.overdueMs <= known(), `${first.overdueMs} ms overdue, ${known()} at most`)
      const again = await stage.time.eventually(
        look,
        stage.shortMs + 1_000 + stage.resolution,
        'it comes again',
      )
      assert.ok(again.overdueMs >= stage.shortMs - stage.resolution - 5, 'counted from the first time')
      assert.ok(again.overdueMs <= known(), `${again.overdueMs} ms overdue, ${known()} at most`)
      // Put off anew: its time counts from there.
      await state.park(lot, item('a'), { delayMs: 0 })
      const anew = await stage.time.eventually(look, 1_000 + stage.resolution, 'the new one is due')
      assert.ok(anew.overdueMs < stage.shortMs, `${anew.overdueMs} ms overdue`)
    },
  },
  {
    id: 'state/park-each-to-one',
    promise: 'Each is hidden from others.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const lot = stage.key()
      const keys = Array.from({ length: 60 }, (_, at) => `item ${at}`)
      await Promise.all(keys.map((key) => first.state.park(lot, item(key), { delayMs: 0 })))
      await stage.time.sleep(stage.resolution + 20)
      const seen: string[] = []
      for (let round = 0; round < 10 && seen.length < keys.length; round++) {
        const asked = [first, second, first, second].map(({ state }) =>
          state.due(lot, { limit: 10, leaseMs }),
        )
        for (const { key } of (await Promise.all(asked)).flat()) seen.push(key)
      }
      assert.deepEqual(seen.sort(), keys.sort(), 'each once')
    },
  },
]
