import { expect } from 'vitest'
import { feature, gate, next } from './feature.ts'

const soon = { timeout: '20s' } as const

feature('once/later-runs-get-the-kept-value', { backend: true }, async (stage) => {
  const app = stage.app()
  let charged = 0
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 2, backoff: 0 },
    run: async (_, ctx) => {
      const both = await Promise.all([
        ctx.once('charge', () => ({ receipt: ++charged })),
        ctx.once('charge', () => ({ receipt: ++charged })),
      ])
      const nothing = await ctx.once('notify', () => undefined)
      if (ctx.attempt < 2) throw new Error('again')
      return [...both, nothing === undefined]
    },
  })
  await stage.worker(app)
  expect(await (await task.delay()).get(soon)).toEqual([{ receipt: 1 }, { receipt: 1 }, true])
  expect(charged).toBe(1)
  // Another task is another charge.
  await (await task.delay()).get(soon)
  expect(charged).toBe(2)
})

feature('once/a-step-that-failed-is-done-again', { backend: true }, async (stage) => {
  const app = stage.app()
  let tries = 0
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 1, backoff: 0 },
    run: (_, ctx) =>
      ctx.once('charge', () => {
        if (++tries === 1) throw new Error('declined')
        return tries
      }),
  })
  await stage.worker(app)
  expect(await (await task.delay()).get(soon)).toBe(2)
})

feature('once/unsure-steps-are-told', { backend: true }, async (stage) => {
  const app = stage.app()
  const begun = gate()
  let runs = 0
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: (_, ctx) =>
      ctx.once(
        'charge',
        async () => {
          runs++
          begun.open()
          // As a run that dies here: it never tells how the step ended.
          await new Promise(() => {})
        },
        { ifUnsure: 'fail' },
      ),
  })
  // One at a time: a twin of it, where a message comes twice, would be told by the first.
  const worker = await stage.worker(app, { concurrency: 1 })
  const result = await task.delay()
  await begun.opened
  await worker.stop({ grace: 0 })
  const failed = next(app, 'failed')
  await stage.worker(app)
  expect((await failed).error.code).toBe('ONCE_UNSURE')
  await expect(result.get(soon)).rejects.toMatchObject({ code: 'TASK_FAILED' })
  expect(runs).toBe(1)
})

feature('once/needs-a-backend', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', retry: { maxRetries: 0 }, run: (_, ctx) => ctx.once('a', () => 1) })
  const ended = Promise.race([next(app, 'failed'), next(app, 'succeeded')])
  await stage.worker(app)
  await task.delay()
  const event = await ended
  if (stage.pair.hasBackend) expect('error' in event).toBe(false)
  else expect(event).toMatchObject({ error: { code: 'BACKEND_REQUIRED' } })
})
