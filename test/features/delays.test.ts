import { createApp, createWorker, type } from '@tq/core'
import { createVirtualClock, memory } from '@tq/core/testing'
import { expect, test } from 'vitest'
import { feature, next } from './feature.ts'

/** By so much more may a delay be late where the machine is busy with other tests. */
const loadedMs = 2_000

feature('delays/countdown-never-early', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => {} })
  await stage.worker(app)
  const started = next(app, 'started')
  const sentAt = performance.now()
  await task.applyAsync(undefined, { countdown: '300ms' })
  await started
  const waited = performance.now() - sentAt
  expect(waited).toBeGreaterThanOrEqual(300)
  expect(waited).toBeLessThan(300 + 1_000 + (stage.pair.resolutionMs ?? 0) + loadedMs)
})

feature('delays/eta-in-the-past-runs-now', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => {} })
  await stage.worker(app)
  const started = next(app, 'started')
  await task.applyAsync(undefined, { eta: new Date(Date.now() - 60_000) })
  await started
})

feature('delays/expired-tasks-do-not-start', { backend: false }, async (stage) => {
  const app = stage.app()
  let ran = false
  const task = app.task({
    name: 'task',
    run: () => {
      ran = true
    },
  })
  const { id } = await task.applyAsync(undefined, { countdown: '100ms', expires: '20ms' })
  const revoked = next(app, 'revoked')
  await stage.worker(app)
  expect(await revoked).toMatchObject({ id, reason: expect.stringContaining('expired') })
  expect(ran).toBe(false)
  if (stage.pair.hasBackend) expect(await app.result(id).status()).toBe('REVOKED')
})

feature('delays/contradictions-are-refused', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', input: type<{ n: number }>(), run: () => {} })
  const invalid = { code: 'INVALID_OPTION' }
  await expect(task.applyAsync({ n: 1 }, { countdown: 1, eta: new Date() })).rejects.toMatchObject(invalid)
  await expect(task.applyAsync({ n: 1 }, { eta: new Date('nonsense') })).rejects.toMatchObject(invalid)
})

test('delays/three-weeks-with-a-virtual-clock', async () => {
  const clock = createVirtualClock()
  const app = createApp({ broker: 'memory:', adapters: [memory()], clock })
  const task = app.task({ name: 'task', run: () => 'at last' })
  const result = await task.applyAsync(undefined, { countdown: '3w' })
  await clock.advance(3 * 7 * 86_400_000 - 10_000)
  const worker = createWorker(app)
  await worker.start()
  await clock.advance(10_000 - 1)
  expect(await result.status()).toBe('PENDING')
  await clock.advance(1_000)
  expect(await result.status()).toBe('SUCCESS')
  const stopped = worker.stop()
  await clock.advance(60_000)
  await stopped
  await app.close()
})
