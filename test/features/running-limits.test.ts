import { TaskRevoked, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, until } from './feature.ts'

const soon = { timeout: '20s' } as const

feature('running-limits/concurrency-on-all-workers-together', { backend: true }, async (stage) => {
  const app = stage.app()
  const running = new Set<number>()
  let most = 0
  const held = gate()
  const limited = app.task({
    name: 'limited',
    input: type<number>(),
    concurrency: 2,
    run: async (n) => {
      most = Math.max(most, running.add(n).size)
      await held.opened
      running.delete(n)
      return n
    },
  })
  const free = app.task({ name: 'free', run: () => 'ran' })
  await stage.worker(app, { concurrency: 4 })
  await stage.worker(app, { concurrency: 4 })
  const results = await limited.delayMany([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await until(() => running.size === 2)
  // The others hold no slot: what has no limit passes them.
  expect(await (await free.delay()).get(soon)).toBe('ran')
  held.open()
  expect(await Promise.all(results.map((result) => result.get(soon)))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ])
  expect(most).toBe(2)
})

feature('running-limits/concurrency-by-key', { backend: true }, async (stage) => {
  const app = stage.app()
  const running = new Map<string, Set<string>>()
  let most = 0
  const held = gate()
  const task = app.task({
    name: 'task',
    input: type<{ tenant: string }>(),
    concurrency: { limit: 1, key: ({ tenant }) => tenant },
    run: async ({ tenant }, { id }) => {
      const now = running.get(tenant) ?? new Set()
      running.set(tenant, now.add(id))
      most = Math.max(most, now.size)
      await held.opened
      now.delete(id)
    },
  })
  await stage.worker(app, { concurrency: 8 })
  const many = await task.delayMany(Array.from({ length: 6 }, () => ({ tenant: 'large' })))
  const one = await task.delay({ tenant: 'small' })
  // A large tenant does not keep a small one waiting.
  await until(() => running.get('small')?.size === 1 && running.get('large')?.size === 1)
  held.open()
  await Promise.all([...many, one].map((result) => result.get(soon)))
  expect(most).toBe(1)
})

feature('running-limits/retries-and-failures-give-the-place-back', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({
    name: 'task',
    input: type<number>(),
    concurrency: 1,
    retry: { maxRetries: 1, backoff: 0 },
    run: (n, { attempt }) => {
      if (n === 2 || attempt === 0) throw new Error(`no ${n}`)
      return n
    },
  })
  await stage.worker(app)
  const [first, second, third] = await task.delayMany([1, 2, 3])
  expect(await first?.get(soon)).toBe(1)
  await expect(second?.get(soon)).rejects.toThrow(/no 2/)
  expect(await third?.get(soon)).toBe(3)
})

feature('running-limits/rate-on-all-workers-together', { backend: true }, async (stage) => {
  const app = stage.app()
  const starts: number[] = []
  const attempts: number[] = []
  const limited = app.task({
    name: 'limited',
    rateLimit: { limit: 5, per: '1s' },
    run: (_, { attempt }) => {
      starts.push(performance.now())
      attempts.push(attempt)
    },
  })
  const free = app.task({ name: 'free', run: () => 'ran' })
  await stage.worker(app, { concurrency: 2 })
  await stage.worker(app, { concurrency: 2 })
  const began = performance.now()
  const results = await limited.delayMany(Array.from({ length: 10 }, () => undefined))
  expect(await (await free.delay()).get(soon)).toBe('ran')
  await Promise.all(results.map((result) => result.get(soon)))
  // Five at once, then one every 200 ms.
  expect(performance.now() - began).toBeGreaterThanOrEqual(950)
  const inFirstHalf = starts.filter((at) => at - began < 500).length
  expect(inFirstHalf).toBeLessThanOrEqual(5 + 3)
  expect(attempts.every((attempt) => attempt === 0)).toBe(true)
})

feature('running-limits/need-a-backend', { backend: false }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', concurrency: 1, run: () => {} })
  const starting = stage.worker(app)
  if (stage.pair.hasBackend) await starting
  else await expect(starting).rejects.toMatchObject({ code: 'BACKEND_REQUIRED' })
})

feature('running-limits/throttle-sends-one-in-a-time', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const task = app.task({ name: 'task', input: type<number>(), run: (_, { id }) => void ran.push(id) })
  await stage.worker(app)
  const throttle = { key: 'digest', every: '2s' } as const
  const first = await task.applyAsync(1, { throttle })
  const second = await task.applyAsync(2, { throttle })
  expect(second.id).toBe(first.id)
  await first.get(soon)
  // Unlike a unique key, it holds also when the task has ended.
  expect((await task.applyAsync(3, { throttle })).id).toBe(first.id)
  const later = await until(async () => {
    const result = await task.applyAsync(4, { throttle })
    return result.id !== first.id && result
  })
  await later.get(soon)
  expect(stage.runs(ran)).toHaveLength(2)
})

feature('running-limits/debounce-runs-the-last', { backend: true }, async (stage) => {
  const app = stage.app()
  const seen: number[] = []
  const task = app.task({ name: 'task', input: type<number>(), run: (n) => void seen.push(n) })
  await stage.worker(app)
  const debounce = { key: 'index', wait: '1s' } as const
  const results = []
  for (const n of [1, 2, 3]) results.push(await task.applyAsync(n, { debounce }))
  await results[2]?.get(soon)
  await expect(results[0]?.get(soon)).rejects.toBeInstanceOf(TaskRevoked)
  await expect(results[1]?.get(soon)).rejects.toBeInstanceOf(TaskRevoked)
  expect(stage.runs(seen)).toEqual([3])
})
