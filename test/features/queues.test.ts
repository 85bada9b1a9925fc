import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type } from '@tq/core'
import { expect } from 'vitest'
import { feature, type Stage, until } from './feature.ts'

const collect = (stage: Stage, total: number, seen: readonly unknown[]) =>
  until(() => (stage.unruly ? seen.length >= total : seen.length === total), 40_000)

feature('queues/priority-nine-first', { backend: false }, async (stage) => {
  const app = stage.app()
  const seen: number[] = []
  const task = app.task({ name: 'task', input: type<{ p: number }>(), run: ({ p }) => void seen.push(p) })
  for (const priority of [0, 4, 9, 1, 8] as const) await task.applyAsync({ p: priority }, { priority })
  await stage.worker(app, { concurrency: 1 })
  await until(() => stage.runs(seen).length === 5)
  const order = stage.runs(seen).filter((priority) => priority > 0)
  // Refused when it asks for the first ones, a worker goes on with others.
  if (stage.unruly) return
  // One lease in sixteen starts from the bottom; that one apart, the order is strict.
  const due = [9, 8, 4, 1]
  if (!stage.pair.polled) expect(order).toEqual(due)
  for (const [at, priority] of due.entries())
    expect(Math.abs(order.indexOf(priority) - at), `${priority} in ${order}`).toBeLessThanOrEqual(1)
})

feature('queues/strict-order', { backend: false }, async (stage) => {
  const app = stage.app()
  const seen: string[] = []
  const task = app.task({ name: 'task', run: (_, { queue }) => void seen.push(queue) })
  for (const queue of ['low', 'high', 'low', 'high']) await task.applyAsync(undefined, { queue })
  await stage.worker(app, { queues: ['high', 'low'], order: 'strict', concurrency: 1 })
  await collect(stage, 4, seen)
  if (!stage.unruly) expect(seen).toEqual(['high', 'high', 'low', 'low'])
})

feature('queues/fair-order', { backend: false }, async (stage) => {
  const app = stage.app()
  const seen: string[] = []
  const task = app.task({ name: 'task', run: (_, { queue }) => void seen.push(queue) })
  await task.delayMany(Array.from({ length: 60 }), { queue: 'a' })
  await task.delayMany(Array.from({ length: 60 }), { queue: 'b' })
  await stage.worker(app, { queues: ['a', 'b'], concurrency: 1, readAhead: 0 })
  await collect(stage, 120, seen)
  const early = seen.slice(0, 60).filter((queue) => queue === 'b').length
  expect(early).toBeGreaterThan(20)
  expect(early).toBeLessThan(40)
})

feature('queues/quiet-one-holds-nothing-up', { backend: false }, async (stage) => {
  const app = stage.app()
  const short = app.task({ name: 'short', queue: 'quiet', run: () => {} })
  const task = app.task({ name: 'task', queue: 'full', run: () => sleep(20) })
  await stage.worker(app, { queues: ['quiet', 'full'], concurrency: 2 })
  const done: string[] = []
  app.on('succeeded', ({ id }) => done.push(id))
  // Short tasks earn their queue a read-ahead: there is room for it, and it is waited on, while the slots are taken.
  await short.delayMany(Array.from({ length: 20 }))
  await until(() => stage.runs(done).length === 20)
  await task.delayMany(Array.from({ length: 12 }))
  await until(() => stage.runs(done).length === 32, stage.unruly ? 20_000 : 4_000)
})

feature('queues/routes-by-name', { backend: false }, async (stage) => {
  const app = stage.app({
    routes: { 'mail.*': 'mail', 'report.*': { queue: 'reports', priority: 2 } },
    queue: 'main',
  })
  const seen: string[] = []
  const run = (_: unknown, ctx: { name: string; queue: string }) =>
    void seen.push(`${ctx.name} on ${ctx.queue}`)
  const tasks = [
    app.task({ name: 'mail.send', run }),
    app.task({ name: 'report.daily', run }),
    app.task({ name: 'mail.own', queue: 'own', run }),
    app.task({ name: 'else', run }),
  ]
  for (const task of tasks) await task.delay()
  await stage.worker(app)
  await until(() => stage.runs(seen).length === 4)
  expect([...stage.runs(seen)].sort()).toEqual([
    'else on main',
    'mail.own on own',
    'mail.send on mail',
    'report.daily on reports',
  ])
})

feature('queues/full-queue-refuses', { backend: false }, async (stage) => {
  const app = stage.app({ maxQueueLength: 3 })
  const task = app.task({ name: 'task', run: () => {} })
  await task.delayMany(Array.from({ length: 3 }))
  await expect(task.delay()).rejects.toMatchObject({ code: 'QUEUE_FULL' })
  expect(await app.counts('default')).toMatchObject({ ready: 3 })
  const purged = await app.purge('default')
  // What came twice is counted twice.
  if (stage.unruly) expect(purged).toBeGreaterThanOrEqual(3)
  else expect(purged).toBe(3)
})

feature('queues/namespaces-are-apart', { backend: false }, async (stage) => {
  // Pairs may share a server.
  const apart = randomUUID().slice(0, 8)
  const one = stage.app({ namespace: `one-${apart}` })
  const two = stage.app({ namespace: `two-${apart}` })
  for (const app of [one, two]) app.task({ name: 'task', run: () => {} })
  await one.send({ name: 'task', input: undefined, output: undefined, settings: {} }, undefined)
  expect((await one.counts('default')).ready).toBe(1)
  expect((await two.counts('default')).ready).toBe(0)
})
