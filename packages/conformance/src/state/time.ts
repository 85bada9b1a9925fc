import assert from 'node:assert/strict'
import { type BackendCase, stateNow } from './offers.ts'

export const timeCases: readonly BackendCase[] = [
  {
    id: 'state/now-is-one-time-for-all',
    promise: 'Wall-clock time in milliseconds since 1970, the same for all its users.',
    requires: [stateNow],
    async run(stage) {
      const backend = await stage.open()
      const other = await stage.again(backend)
      const now = async ({ state }: typeof backend) => (await state.now?.()) ?? Number.NaN
      const first = await now(backend)
      assert.ok(first > Date.UTC(2020, 0) && first < Date.UTC(2200, 0), `${first} is a date of this age`)
      const second = await now(other)
      assert.ok(second >= first && second < first + 2_000, `${second} follows ${first}`)
      await stage.time.sleep(200)
      assert.ok((await now(backend)) >= second + 200 - stage.resolution, 'it moves')
    },
  },
]
