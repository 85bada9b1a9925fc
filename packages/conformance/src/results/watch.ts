import assert from 'node:assert/strict'
import { type BackendCase, resultsWatch } from '../state/offers.ts'
import { record } from '../state/stage.ts'

export const watchCases: readonly BackendCase[] = [
  {
    id: 'results/watch-a-hint-or-a-poll-shows-the-change',
    promise: 'A hint that a record may have changed. Hints may be lost, doubled or late: core also polls.',
    requires: [resultsWatch],
    async run(stage) {
      const backend = await stage.open()
      const writer = await stage.again(backend)
      const task = record({ state: 'STARTED' })
      await writer.results.put([task])
      let hints = 0
      const unwatch = backend.results.watch?.(task.id, () => {
        hints++
      })
      assert.ok(unwatch)
      await writer.results.put([{ ...task, state: 'SUCCESS' }])
      const look = async () => {
        const [stored] = await backend.results.get([task.id])
        return hints > 0 || stored?.state === 'SUCCESS' ? true : undefined
      }
      await stage.time.eventually(look, 5_000, 'the change is seen')
      unwatch()
      unwatch()
    },
  },
  {
    id: 'results/watch-watchers-are-apart',
    promise: 'Ends a watch.',
    requires: [resultsWatch],
    async run(stage) {
      const backend = await stage.open()
      const id = stage.key()
      // Of an id without a record, twice, one ended at once: none may throw or end the other.
      const first = backend.results.watch?.(id, () => undefined)
      const second = backend.results.watch?.(id, () => undefined)
      first?.()
      await backend.results.put([record({ id })])
      await stage.time.sleep(20)
      second?.()
      // Still watching at close.
      backend.results.watch?.(id, () => undefined)
    },
  },
]
