import assert from 'node:assert/strict'
import type { BackendCase } from './offers.ts'

export const rateCases: readonly BackendCase[] = [
  {
    id: 'state/take-up-to-the-limit',
    promise: 'Returns 0 when taken, else how long until there will be enough.',
    async run(stage) {
      const state = await stage.state()
      const [key, other] = [stage.key(), stage.key()]
      const rate = { limit: 3, windowMs: 60_000, cost: 1 }
      for (let taken = 0; taken < 3; taken++) assert.equal(await state.take(key, rate), 0)
      const wait = await state.take(key, rate)
      assert.ok(
        wait > 10_000 && wait <= 20_000 + stage.resolution,
        `one of three in 60 s refills in 20 s, not ${wait}`,
      )
      assert.equal(await state.take(other, rate), 0, 'buckets are apart')
    },
  },
  {
    id: 'state/take-refused-takes-nothing',
    promise: 'Then nothing was taken.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const rate = { limit: 10, windowMs: 600_000 }
      assert.equal(await state.take(key, { ...rate, cost: 7 }), 0)
      for (let round = 0; round < 3; round++) assert.ok((await state.take(key, { ...rate, cost: 4 })) > 0)
      assert.equal(await state.take(key, { ...rate, cost: 3 }), 0, 'what was left is still there')
      assert.ok((await state.take(key, { ...rate, cost: 1 })) > 0)
    },
  },
  {
    id: 'state/take-the-wait-is-enough',
    promise: 'How long until there will be enough.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const rate = { limit: 2, windowMs: 2 * stage.shortMs, cost: 2 }
      assert.equal(await state.take(key, rate), 0)
      const wait = await state.take(key, rate)
      assert.ok(wait > 0 && wait <= rate.windowMs + stage.resolution, `within a window, not ${wait}`)
      await stage.time.sleep(wait / 2)
      const rest = await state.take(key, rate)
      assert.ok(rest > 0 && rest < wait, `less is left after half of it: ${rest} of ${wait}`)
      await stage.time.sleep(rest + stage.resolution)
      assert.equal(await state.take(key, rate), 0)
    },
  },
  {
    id: 'state/take-ahead-of-time',
    promise: 'With `reserve` they are taken all the same, ahead of time: whoever comes later waits behind.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const rate = { limit: 10, windowMs: 10 * stage.shortMs, cost: 1, reserve: true }
      const { time } = stage
      const asked = time.now()
      assert.equal(await state.take(key, rate), 0)
      const began = time.now()
      /** What is there at `dueMs` after the first is waited for until then, whatever the calls themselves take. */
      const waitsUntil = async (dueMs: number, how: { readonly reserve: boolean }) => {
        const before = time.now()
        const wait = await state.take(key, { ...rate, ...how })
        const slack = 100 + stage.resolution
        const [least, most] = [dueMs - (time.now() - asked) - slack, dueMs - (before - began) + slack]
        assert.ok(wait >= least && wait <= most, `waits from ${least} to ${most} ms, not ${wait}`)
      }
      for (let taken = 1; taken < 10; taken++) assert.equal(await state.take(key, rate), 0)
      for (const behind of [1, 2, 3]) await waitsUntil(behind * stage.shortMs, { reserve: true })
      // So does who only asks, and takes nothing.
      await waitsUntil(4 * stage.shortMs, { reserve: false })
      await time.sleep(2 * stage.shortMs)
      await waitsUntil(4 * stage.shortMs, { reserve: true })
    },
  },
  {
    id: 'state/take-fills-no-further-than-the-limit',
    promise: 'A bucket that refills `limit` tokens per `windowMs`.',
    async run(stage) {
      const state = await stage.state()
      const key = stage.key()
      const rate = { limit: 2, windowMs: stage.shortMs, cost: 2 }
      assert.equal(await state.take(key, rate), 0)
      await stage.time.sleep(3 * stage.shortMs)
      assert.equal(await state.take(key, rate), 0)
      assert.ok((await state.take(key, rate)) > 0, 'idle time saves no more than the limit')
    },
  },
  {
    id: 'state/take-never-more-than-the-limit',
    promise: 'Every change is atomic.',
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const key = stage.key()
      const rate = { limit: 10, windowMs: 3_600_000, cost: 1 }
      const asked = Array.from({ length: 50 }, (_, at) =>
        (at % 2 === 0 ? first : second).state.take(key, rate),
      )
      const waits = await Promise.all(asked)
      assert.equal(waits.filter((wait) => wait === 0).length, 10)
    },
  },
]
