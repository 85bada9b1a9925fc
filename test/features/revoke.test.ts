import { TaskRevoked } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, next } from './feature.ts'

feature('revoke/queued-never-starts', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const task = app.task({ name: 'task', run: (_, { id }) => void ran.push(id) })
  const first = await task.delay()
  const second = await task.delay()
  expect(await first.revoke({ reason: 'not needed' })).toBe(true)
  await stage.worker(app, { concurrency: 1 })
  await second.get({ timeout: '5s' })
  expect(stage.runs(ran)).toEqual([second.id])
  await expect(first.get({ timeout: '1s' })).rejects.toMatchObject({
    name: 'TaskRevoked',
    message: expect.stringContaining('not needed'),
  })
  expect(await first.status()).toBe('REVOKED')
})

feature('revoke/delayed-never-starts', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const task = app.task({ name: 'task', run: (_, { id }) => void ran.push(id) })
  const delayed = await task.applyAsync(undefined, { countdown: '100ms' })
  const later = await task.applyAsync(undefined, { countdown: '300ms' })
  await delayed.revoke()
  await stage.worker(app)
  await later.get({ timeout: '5s' })
  expect(stage.runs(ran)).toEqual([later.id])
})

feature('revoke/running-is-told-and-cannot-commit', { backend: true }, async (stage) => {
  const app = stage.app()
  const reasons: unknown[] = []
  const stopped = gate()
  const slow = app.task({
    name: 'slow',
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      reasons.push(signal.reason)
      stopped.open()
      return 'done all the same'
    },
  })
  await stage.worker(app)
  const started = next(app, 'started')
  const settled = next(app, 'revoked')
  const result = await slow.delay()
  await started
  await result.revoke()
  await stopped.opened
  await settled
  expect(reasons[0]).toBeInstanceOf(TaskRevoked)
  expect(await result.status()).toBe('REVOKED')
})

feature('revoke/too-late-changes-nothing', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => 1 })
  await stage.worker(app)
  const result = await task.delay()
  await result.get({ timeout: '5s' })
  expect(await result.revoke()).toBe(false)
  expect(await result.status()).toBe('SUCCESS')
})
