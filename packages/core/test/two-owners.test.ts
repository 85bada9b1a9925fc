import type { TaskRecord } from '@tq/core/driver'
import { expect, test } from 'vitest'
import { chord, createApp, createWorker, type } from '../src/index.ts'
import { type Tampering, tampered } from './tamper.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * As where a service hands a message out twice: when the first worker stores its result, a second one has claimed the
 * task. It stores its own between two looks of the first one, and dies before it does anything else.
 */
function secondOwner(isMeant: (record: TaskRecord) => boolean): NonNullable<Tampering['results']> {
  let refused: TaskRecord | undefined
  let over = false
  return (original) => ({
    put: async (records) => {
      const meant = over ? undefined : records.find((record) => record.state === 'SUCCESS' && isMeant(record))
      if (meant) {
        over = true
        refused = meant
        const { id, generation, attempt } = meant
        await original.claim([{ id, generation, attempt, runId: 'second', ttlMs: 60_000 }])
      }
      return await original.put(records)
    },
    get: async (ids) => {
      const found = await original.get(ids)
      if (refused && ids.includes(refused.id)) {
        const record = { ...refused, epoch: refused.epoch + 1 }
        refused = undefined
        await original.put([record])
      }
      return found
    },
  })
}

test('what another worker has ended and died over is followed up', async () => {
  const results = secondOwner(({ name }) => name === 'child')
  const app = createApp({ broker: 'memory:', adapters: [tampered({ results })], logger: quiet })
  const child = app.task({ name: 'child', input: type<number>(), run: (n) => n * 2 })
  const sum = app.task({
    name: 'sum',
    input: type<readonly number[]>(),
    run: (values) => values.reduce((a, b) => a + b, 0),
  })
  const worker = createWorker(app, { concurrency: 2 })
  await worker.start()
  const flow = await chord([child.s(1), child.s(2), child.s(3)], sum.s()).delay()
  expect(await flow.get({ timeout: '20s' })).toBe(12)
  await worker.stop()
  await app.close()
})
