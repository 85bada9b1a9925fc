import { type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, until } from './feature.ts'

feature('unique/one-queued-or-running', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const ran: string[] = []
  const sync = app.task({
    name: 'sync',
    input: type<{ tenant: string }>(),
    run: async (_, { id }) => {
      ran.push(id)
      await held.opened
    },
  })
  const results = await Promise.all(
    Array.from({ length: 10 }, () => sync.applyAsync({ tenant: 'a' }, { uniqueKey: 'sync:a' })),
  )
  expect(new Set(results.map(({ id }) => id)).size).toBe(1)
  const other = await sync.applyAsync({ tenant: 'b' }, { uniqueKey: 'sync:b' })
  expect(other.id).not.toBe(results[0]?.id)
  await stage.worker(app)
  await until(() => stage.runs(ran).length === 2)
  expect((await sync.applyAsync({ tenant: 'a' }, { uniqueKey: 'sync:a' })).id).toBe(results[0]?.id)
  held.open()
  await results[0]?.get({ timeout: '5s' })
  const again = await until(async () => {
    const next = await sync.applyAsync({ tenant: 'a' }, { uniqueKey: 'sync:a' })
    return next.id !== results[0]?.id && next
  })
  await again.get({ timeout: '5s' })
  await other.get({ timeout: '5s' })
})

feature('unique/own-id-never-makes-a-second-task', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const task = app.task({ name: 'task', run: (_, { id }) => void ran.push(id) })
  await task.applyAsync(undefined, { taskId: 'order-1' })
  await stage.worker(app)
  await app.result('order-1').get({ timeout: '5s' })
  // Sent again after it has ended: the mark of the first one stops the copy.
  await task.applyAsync(undefined, { taskId: 'order-1' })
  const last = await task.delay()
  await last.get({ timeout: '5s' })
  expect(stage.runs(ran)).toEqual(['order-1', last.id])
  expect(await app.result('order-1').status()).toBe('SUCCESS')
})
