import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createApp, createWorker } from '../src/index.ts'
import { tampered } from './tamper.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

test('a service that takes few at a time gets full groups, several at once', async () => {
  const sizes: number[] = []
  let underWay = 0
  let mostUnderWay = 0
  const adapter = tampered({
    capabilities: { maxBatch: 10 },
    receiver: (original) => ({
      ack: async (leases) => {
        sizes.push(leases.length)
        mostUnderWay = Math.max(mostUnderWay, ++underWay)
        await sleep(20)
        underWay--
        return await original.ack(leases)
      },
    }),
  })
  const app = createApp({ broker: 'memory:', backend: false, adapters: [adapter], logger: quiet })
  const task = app.task({ name: 'task', run: () => {} })
  await task.delayMany(Array.from({ length: 500 }))
  const worker = createWorker(app, { burst: true, concurrency: 20 })
  await worker.start()
  expect(await worker.stopped).toMatchObject({ succeeded: 500 })
  expect(Math.max(...sizes)).toBe(10)
  // Only what is left over at an end is not full.
  expect(sizes.length).toBeLessThan(60)
  expect(mostUnderWay).toBeGreaterThan(1)
  expect(mostUnderWay).toBeLessThanOrEqual(8)
  await app.close()
})
