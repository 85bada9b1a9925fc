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
      for (let taken = 0; taken < 10; taken++) assert.equal(await state.take(key, rate), 0)
      const waits: number[] = []
      for (let taken = 0; taken < 3; taken++) waits.push(await state.take(key, rate))
      const slack = 100 + stage.resolution
      for (const [index, wait] of waits.entries()) {
        const expected = (index + 1) * stage.shortMs
        assert.ok(
          Math.abs(wait - expected) <= slack,
          `the ${index + 1}. waits about ${expected} ms, not ${wait}`,
        )
      }
      assert.ok(
        (await state.take(key, { ...rate, reserve: false })) > 3 * stage.shortMs,
        'so does who only asks',
      )
      await stage.time.sleep(2 * stage.shortMs)
      const later = await state.take(key, rate)
      const expected = 2 * stage.shortMs
      assert.ok(Math.abs(later - expected) <= slack, `then about ${expected} ms, not ${later}`)
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
