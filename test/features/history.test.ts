import { type App, chain, createApp, group, type TaskPage, type } from '@tq/core'
import { systemClock } from '@tq/core/driver'
import { memory } from '@tq/core/testing'
import { expect, test } from 'vitest'
import { feature, gate, next, until } from './feature.ts'

const secret = 'correct-horse-battery-staple'

feature('history/lists-tasks-by-state-name-queue-worker-tag-id', { backend: true }, async (stage) => {
  const app = stage.app()
  const good = app.task({ name: 'mail.send', input: type<{ n: number }>(), run: ({ n }) => n })
  const bad = app.task({
    name: 'report.make',
    queue: 'reports',
    retry: { maxRetries: 0 },
    run: () => Promise.reject(new Error('no ink')),
  })
  const held = gate()
  const slow = app.task({ name: 'mail.slow', run: () => held.opened })
  await stage.worker(app, { name: 'one' })
  const running = next(app, 'started', ({ name }) => name === 'mail.slow')
  const slowId = (await slow.delay()).id
  await running
  const ids: string[] = []
  for (const n of [1, 2, 3]) {
    const result = await good.applyAsync({ n }, { tags: ['customer:7', `n:${n}`] })
    await result.get({ timeout: '5s' })
    ids.push(result.id)
  }
  const failed = await bad.delay()
  await expect(failed.get({ timeout: '5s' })).rejects.toThrow('no ink')
  const waiting = await good.applyAsync({ n: 4 }, { countdown: '1h' })
  const found = async (filter: Parameters<typeof app.history.list>[0]) =>
    (await app.history.list(filter)).tasks.map(({ id }) => id).sort()
  // A task that has run for a moment says so.
  await until(async () => (await found({ state: 'STARTED' })).length === 1)

  expect(await found({ state: 'SUCCESS' })).toEqual([...ids].sort())
  expect(await found({ state: 'FAILURE' })).toEqual([failed.id])
  expect(await found({ state: ['PENDING', 'STARTED'] })).toEqual([waiting.id, slowId].sort())
  expect(await found({ name: 'mail.send' })).toEqual([...ids, waiting.id].sort())
  expect(await found({ name: 'mail.*' })).toEqual([...ids, waiting.id, slowId].sort())
  expect(await found({ queue: 'reports' })).toEqual([failed.id])
  expect(await found({ worker: 'one', state: 'SUCCESS' })).toEqual([...ids].sort())
  expect(await found({ worker: 'two' })).toEqual([])
  expect(await found({ tag: 'n:2' })).toEqual([ids[1]])
  expect(await found({ tag: 'customer:7' })).toEqual([...ids].sort())
  expect(await found({ id: failed.id.slice(0, -4) })).toEqual([failed.id])
  expect(await found({ id: failed.id })).toEqual([failed.id])
  expect(await found({ to: new Date(Date.now() - 60_000) })).toEqual([])
  expect((await found({ from: new Date(Date.now() - 60_000) })).length).toBe(6)
  const { states, complete } = await app.history.counts()
  expect(states).toMatchObject({ SUCCESS: 3, FAILURE: 1, PENDING: 1, STARTED: 1, RETRY: 0, REVOKED: 0 })
  expect(complete).toBe(true)
  expect((await app.history.counts({ name: 'mail.send' })).states).toMatchObject({ SUCCESS: 3, PENDING: 1 })
  held.open()
})

feature('history/pages-show-every-task-once', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', input: type<{ n: number }>(), run: () => {} })
  const sent = (await task.delayMany(Array.from({ length: 100 }, (_, n) => ({ n })))).map(({ id }) => id)
  for (let n = 0; n < 5; n++) sent.push((await task.applyAsync({ n }, { taskId: `own-${n}` })).id)
  const all = async (order: 'latest' | 'earliest') => {
    const seen: string[] = []
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page: TaskPage = await app.history.list(
        {},
        { limit: 17, order, ...(cursor === undefined ? {} : { cursor }) },
      )
      expect(page.tasks.length).toBeLessThanOrEqual(17)
      seen.push(...page.tasks.map(({ id }) => id))
      cursor = page.next
    }
    return seen
  }
  for (const order of ['latest', 'earliest'] as const) {
    const seen = await all(order)
    expect(seen.length).toBe(105)
    expect([...seen].sort()).toEqual([...sent].sort())
  }
})

feature('history/tells-what-a-task-went-through', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({
    name: 'task',
    input: type<{ path: string; password: string; nested: { apiKey: string; list: number[] } }>(),
    retry: { maxRetries: 1, backoff: 1 },
    run: (_, { attempt, log }) => {
      log.info(`run ${attempt}`, { token: secret, step: 1 })
      if (attempt === 0) throw new Error('first time')
      return { authorization: secret, words: 12 }
    },
  })
  const child = app.task({ name: 'child', run: () => {} })
  const parent = app.task({ name: 'parent', run: async () => (await child.delay()).id })
  await stage.worker(app, { name: 'one' })
  const input = { path: '/a', password: secret, nested: { apiKey: secret, list: [1, 2] } }
  const result = await task.applyAsync(input, { tags: ['t'] })
  expect(await result.get({ timeout: '5s' })).toEqual({ authorization: secret, words: 12 })

  const details = await app.history.get(result.id)
  expect(details).toMatchObject({
    id: result.id,
    name: 'task',
    state: 'SUCCESS',
    attempt: 1,
    worker: 'one',
    args: { path: '/a', password: '[redacted]', nested: { apiKey: '[redacted]', list: [1, 2] } },
    result: { authorization: '[redacted]', words: 12 },
    tags: ['t'],
    attempts: [
      {
        attempt: 0,
        worker: 'one',
        error: { message: 'first time', stack: expect.stringContaining('first time') },
        logs: [{ text: 'run 0' }],
      },
    ],
    logs: [{ level: 'info', text: 'run 1', fields: { token: '[redacted]', step: 1 } }],
    runtimeMs: expect.any(Number),
  })
  expect(details?.timeline.map(({ state, attempt }) => [state, attempt])).toEqual([
    ['PENDING', 0],
    ['STARTED', 0],
    ['RETRY', 0],
    ['STARTED', 1],
    ['SUCCESS', 1],
  ])
  expect(JSON.stringify(details)).not.toContain(secret)
  expect(JSON.stringify(await app.history.list())).not.toContain(secret)

  const sent = await parent.delay()
  const childId = await sent.get({ timeout: '5s' })
  await app.result(childId).get({ timeout: '5s' })
  const children = await app.history.list({ parent: sent.id })
  // A parent that runs twice sends two.
  const own = children.tasks.filter(({ id }) => !stage.unruly || id === childId)
  expect(own.map(({ id, parent }) => [id, parent])).toEqual([[childId, sent.id]])
  expect(await app.history.get('nobody-knows-me')).toBeUndefined()
})

feature('history/a-failed-task-can-be-run-again-from-it', { backend: true }, async (stage) => {
  const app = stage.app()
  let fails = true
  const task = app.task({
    name: 'task',
    input: type<{ secret: string }>(),
    retry: { maxRetries: 0 },
    run: ({ secret: given }) => {
      if (fails) throw new Error(`cannot use ${given.length} letters`)
      return given
    },
  })
  await stage.worker(app)
  const result = await task.delay({ secret })
  await expect(result.get({ timeout: '5s' })).rejects.toThrow()
  const { tasks } = await app.history.list({ state: 'FAILURE' })
  expect(tasks).toMatchObject([{ id: result.id, canRetry: true, args: { secret: '[redacted]' } }])
  // The message goes again as it was, whatever people get to see of it.
  expect(JSON.stringify(await app.history.get(result.id))).not.toContain(secret)
  fails = false
  await app.control.retry(result.id)
  expect(await result.get({ timeout: '5s' })).toBe(secret)
  expect((await app.history.list({ state: 'FAILURE' })).tasks).toEqual([])
  expect((await app.history.list({ state: 'SUCCESS' })).tasks).toMatchObject([{ generation: 1 }])
})

feature('history/steps-of-a-workflow-are-found-by-it', { backend: true }, async (stage) => {
  const app = stage.app()
  const one = app.task({ name: 'one', run: () => 1 })
  const two = app.task({ name: 'two', input: type<number>(), run: (n) => n + 1 })
  await stage.worker(app)
  const whole = await chain(one.s(), two.s()).applyAsync()
  expect(await whole.get({ timeout: '5s' })).toBe(2)
  const names = (await app.history.list({ workflow: whole.id })).tasks.map(({ name }) => name)
  expect(names.filter((name) => name === 'one' || name === 'two').sort()).toEqual(['one', 'two'])
  // And what it is made of, before any of it has run.
  const wide = await group([
    chain(one.s(), two.s()),
    ...Array.from({ length: 50 }, () => one.s()),
  ]).applyAsync()
  expect((await app.history.get(wide.id))?.outline).toEqual({
    group: [{ chain: [{ task: 'one' }, { task: 'two' }] }, { task: 'one', times: 50 }],
  })
})

feature('history/outlives-results-as-long-as-told', { backend: true }, async (stage) => {
  const app = stage.app({ history: { expires: '1h' }, defaults: { resultExpires: '300ms' } })
  const task = app.task({ name: 'task', run: () => 'value' })
  await stage.worker(app)
  const done = next(app, 'succeeded')
  const result = await task.delay()
  await done
  await until(async () => (await result.info()) === undefined)
  await expect(result.status()).rejects.toMatchObject({ code: 'UNKNOWN_RESULT' })
  const { tasks } = await app.history.list()
  expect(tasks).toMatchObject([{ id: result.id, state: 'SUCCESS' }])
  const details = await app.history.get(result.id)
  expect(details).toMatchObject({ state: 'SUCCESS' })
  expect(details).not.toHaveProperty('result')
})

feature('history/can-keep-nothing-of-inputs-and-logs', { backend: true }, async (stage) => {
  const quiet = stage.app({ history: false })
  const task = quiet.task({
    name: 'task',
    input: type<{ x: number }>(),
    run: (_, { log }) => log.info('said'),
  })
  await stage.worker(quiet)
  const result = await task.delay({ x: 1 })
  await result.get({ timeout: '5s' })
  const details = await quiet.history.get(result.id)
  expect(details).toMatchObject({ state: 'SUCCESS', logs: [] })
  expect(details).not.toHaveProperty('args')
})

test('a backend that cannot list is told', async () => {
  const whole = memory().createBackend?.('memory:', { namespace: 'test', clock: systemClock })
  if (!whole) throw new Error('memory makes no backend')
  const replaced = <T extends object>(target: T, name: string, other: unknown): T =>
    new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key, target)
        return key === name ? other : typeof value === 'function' ? value.bind(target) : value
      },
    })
  const backend = replaced(whole, 'results', replaced(whole.results, 'history', undefined))
  const app = createApp({ broker: 'memory:', backend })
  await expect(app.history.list()).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' })
  await app.close()
})

feature('history/needs-a-backend', { backend: false }, async (stage) => {
  if (stage.pair.hasBackend) return
  const app: App<undefined> = stage.app()
  await expect(app.history.list()).rejects.toMatchObject({ code: 'BACKEND_REQUIRED' })
  await expect(app.inspect.workers()).rejects.toMatchObject({ code: 'BACKEND_REQUIRED' })
  await expect(app.control.pause('default')).rejects.toMatchObject({
    code: 'BACKEND_REQUIRED',
    message: expect.stringContaining('TQ_BACKEND_URL'),
  })
})
