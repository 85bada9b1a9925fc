import type { TqError } from '@tq/core'
import { expect } from 'vitest'
import { changesQueued, feature, gate, next, until } from './feature.ts'

/** For pairs whose backend hears of a task only when it runs. */
const where = { queue: 'default' }

feature('control/promote-and-reschedule', { backend: false, change: true }, async (stage) => {
  const app = stage.app()
  const seen: string[] = []
  const task = app.task({ name: 'task', run: (_, { id }) => void seen.push(id) })
  const { id } = await task.applyAsync(undefined, { countdown: '10m' })
  await stage.worker(app)
  await app.control.promote(id, { ...where, by: 'kim' })
  await until(() => seen.includes(id))

  const later = await task.applyAsync(undefined, { countdown: '10m' })
  await app.control.reschedule(later.id, { countdown: '20m' }, where)
  const started = performance.now()
  await app.control.reschedule(later.id, { countdown: '300ms' }, where)
  await until(() => seen.includes(later.id))
  expect(performance.now() - started).toBeGreaterThanOrEqual(300)

  expect(seen).toEqual([id, later.id])
  await expect(app.control.promote('nobody', where)).rejects.toMatchObject({ code: 'NOT_QUEUED' })
  await expect(app.control.reschedule(id, { countdown: 'soon' as '1s' }, where)).rejects.toMatchObject({
    code: 'INVALID_DURATION',
  })
})

feature('control/another-priority-while-it-waits', { backend: false, change: true }, async (stage) => {
  const app = stage.app()
  const runs: { readonly id: string; readonly attempt: number }[] = []
  let held = gate()
  const block = app.task({ name: 'block', run: () => held.opened })
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 1, backoff: '500ms' },
    run: (_, { id, attempt }) => {
      runs.push({ id, attempt })
      if (attempt === 0) throw new Error('once more')
    },
  })
  await stage.worker(app, { concurrency: 1, readAhead: 0 })
  const whileHeld = async (act: () => Promise<unknown>) => {
    const started = next(app, 'started')
    await block.applyAsync(undefined, { priority: 9 })
    await started
    await act()
    held.open()
    held = gate()
  }
  let raised: readonly string[] = []
  await whileHeld(async () => {
    const ids = (await task.delayMany(Array.from({ length: 8 }))).map(({ id }) => id)
    raised = ids.filter((_, at) => at % 2 === 1)
    for (const id of raised) await app.control.setPriority(id, 9, where)
  })
  await until(() => runs.length >= 8)
  await whileHeld(() => until(async () => ((await app.counts('default')).ready ?? 0) + runs.length === 16))
  await until(() => runs.length === 16)
  // One lease in sixteen starts from the bottom; that one apart, they come first, and so do their retries.
  for (const attempt of [0, 1]) {
    const early = runs.filter((run) => run.attempt === attempt).slice(0, 5)
    const first = early.filter(({ id }) => raised.includes(id))
    expect(first.length, `attempt ${attempt}`).toBe(4)
  }
})

feature('control/a-backoff-is-cut-short', { backend: true, change: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 1, backoff: '1h' },
    run: (_, { attempt }) => {
      if (attempt === 0) throw new Error('away for an hour')
      return 'at last'
    },
  })
  await stage.worker(app)
  const result = await task.delay()
  await until(async () => (await result.status()) === 'RETRY')
  const due = (await app.history.get(result.id))?.dueAt?.getTime() ?? 0
  // Where settling goes in steps, it says RETRY a moment before it is queued.
  await until(() =>
    app.control.reschedule(result.id, { countdown: '2h' }).then(
      () => true,
      ({ code }: TqError) => code !== 'NOT_QUEUED' && Promise.reject(new Error(code)),
    ),
  )
  expect((await app.history.get(result.id))?.dueAt?.getTime()).toBeGreaterThan(due + 3_000_000)
  await app.control.promote(result.id)
  expect(await result.get({ timeout: '5s' })).toBe('at last')
  await expect(app.control.promote(result.id)).rejects.toMatchObject({ code: 'NOT_QUEUED' })
  expect((await app.inspect.audit()).map(({ action }) => action)).toEqual(['promote', 'reschedule'])
})

feature('control/a-change-is-refused-by-name-where-the-broker-cannot', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => 'ran' })
  const { id } = await task.applyAsync(undefined, { countdown: '10m' })
  const change = app.control.promote(id, where)
  if (changesQueued(stage.pair)) return await change
  // The name of the broker, and what to do instead.
  const message = expect.stringMatching(new RegExp(`${stage.pair.name.split(/[ ,]/)[0]}.*Revoke it`))
  await expect(change).rejects.toMatchObject({ code: 'CAPABILITY_MISSING', message })
  expect(await app.counts('default')).toMatchObject({ ready: 0 })
})
