import assert from 'node:assert/strict'
import { type BackendCase, serviceClock } from '../state/offers.ts'

export const timeCases: readonly BackendCase[] = [
  {
    id: 'backend/now-is-one-clock-for-all',
    promise: "The service's own clock, in milliseconds since 1970.",
    requires: [serviceClock],
    async run(stage) {
      const backend = await stage.open()
      const other = await stage.again(backend)
      const first = (await backend.now?.()) ?? Number.NaN
      assert.ok(first > Date.UTC(2020, 0, 1), `${first} is a time of day`)
      await stage.time.sleep(stage.shortMs)
      const second = (await other.now?.()) ?? Number.NaN
      const passed = second - first
      assert.ok(passed >= stage.shortMs - 5 - stage.resolution, `${passed} ms of ${stage.shortMs} passed`)
      assert.ok(passed < stage.shortMs + 5_000 + stage.resolution, `${passed} ms passed`)
    },
  },
]
