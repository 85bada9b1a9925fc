import { chain, chord, type FailedStep, group, type Settled, TaskFailure, TaskRevoked, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, type Stage, until } from './feature.ts'

/** The tasks of these workflows, on one app. */
function tasksOf(stage: Stage) {
  const app = stage.app()
  return {
    app,
    add: app.task({
      name: 'add',
      input: type<{ x: number; y: number }>(),
      run: ({ x, y }) => x + y,
    }),
    double: app.task({ name: 'double', input: type<number>(), run: (n) => 2 * n }),
    sum: app.task({
      name: 'sum',
      input: type<readonly number[]>(),
      run: (numbers) => numbers.reduce((total, n) => total + n, 0),
    }),
    range: app.task({
      name: 'range',
      input: type<number>(),
      run: (n) => Array.from({ length: n }, (_, index) => index),
    }),
    fail: app.task({
      name: 'fail',
      input: type<number>(),
      retry: { maxRetries: 0 },
      run: (n): number => {
        throw new Error(`no ${n}`)
      },
    }),
  }
}

const soon = { timeout: '20s' } as const

feature('workflows/chain-passes-values-on', { backend: true }, async (stage) => {
  const { app, add, double } = tasksOf(stage)
  await stage.worker(app)
  const result = await chain(
    add.s({ x: 1, y: 2 }),
    double.s(),
    add.s({ x: 10 }, { from: 'y' }),
    add.si({ x: 100, y: 1 }),
    double.s(),
  ).delay()
  expect(await result.get(soon)).toBe(202)
  expect(await result.status()).toBe('SUCCESS')
  const again = app.workflow<number>(result.id)
  expect(await again.get(soon)).toBe(202)
})

feature('workflows/chain-without-a-backend', { backend: false }, async (stage) => {
  const app = stage.app()
  const ended = gate()
  const seen: number[] = []
  const first = app.task({ name: 'first', input: type<number>(), run: (n) => n + 1 })
  const second = app.task({
    name: 'second',
    input: type<number>(),
    run: (n) => {
      seen.push(n)
      ended.open()
    },
  })
  await stage.worker(app)
  await chain(first.s(1), first.s(), second.s()).delay()
  await ended.opened
  expect(stage.runs(seen)).toEqual([3])
})

feature('workflows/group-gives-a-list-in-order', { backend: true }, async (stage) => {
  const { app, add, double } = tasksOf(stage)
  await stage.worker(app)
  const result = await group([
    double.s(1),
    double.s(2),
    chain(double.s(3), double.s()),
    add.s({ x: 1, y: 1 }),
  ]).delay()
  expect(await result.get(soon)).toEqual([2, 4, 12, 2])
  expect(await result.progress()).toEqual({ done: 4, total: 4 })
  const completed: number[] = []
  for await (const { index, value } of result.completed()) completed[index] = value
  expect(completed).toEqual([2, 4, 12, 2])
  expect(await (await group([double.s(5)]).delay()).get(soon)).toEqual([10])
  expect(await (await group([]).delay()).get(soon)).toEqual([])
})

feature('workflows/chord-runs-its-body-once', { backend: true }, async (stage) => {
  const { app, double, sum } = tasksOf(stage)
  const bodies: string[] = []
  app.on('succeeded', ({ name, id }) => {
    if (name === 'sum') bodies.push(id)
  })
  await stage.worker(app, { concurrency: 8 })
  const numbers = Array.from({ length: 50 }, (_, n) => n)
  const result = await chord(
    numbers.map((n) => double.s(n)),
    sum.s(),
  ).delay()
  expect(await result.get(soon)).toBe(2_450)
  await until(() => bodies.length > 0)
  expect(bodies).toHaveLength(1)
  // What follows its body gets the body's value, not the list once more.
  const longer = chain(group([double.s(1), double.s(2)]), sum.s(), double.s(), double.s())
  expect(await (await longer.delay()).get(soon)).toBe(24)
  // A group of nothing goes on at once; an inner group's list is one value.
  const empty = await chord([], sum.s()).delay()
  expect(await empty.get(soon)).toBe(0)
})

feature('workflows/nested-to-any-depth', { backend: true }, async (stage) => {
  const { app, double, sum } = tasksOf(stage)
  await stage.worker(app)
  let tree = chord([double.s(1), double.s(2)], sum.s())
  for (let depth = 0; depth < 5; depth++) tree = chord([tree, double.s(1)], sum.s())
  expect(await (await tree.delay()).get(soon)).toBe(16)
  const groups = await group([group([double.s(1), double.s(2)]), group([double.s(3)])]).delay()
  expect(await groups.get(soon)).toEqual([[2, 4], [6]])
})

feature('workflows/map-and-chunks', { backend: true }, async (stage) => {
  const { app, range, double, sum } = tasksOf(stage)
  await stage.worker(app)
  expect(await (await chain(range.s(6), double.map(), sum.s()).delay()).get(soon)).toBe(30)
  expect(await (await chain(range.s(0), double.map(), sum.s()).delay()).get(soon)).toBe(0)
  expect(await (await double.map([1, 2, 3]).delay()).get(soon)).toEqual([2, 4, 6])
  expect(await (await double.chunks([1, 2, 3, 4, 5], 2).delay()).get(soon)).toEqual([[2, 4], [6, 8], [10]])
})

feature('workflows/a-failed-step-fails-the-whole', { backend: true }, async (stage) => {
  const { app, double, fail, sum } = tasksOf(stage)
  await stage.worker(app)
  let bodies = 0
  app.on('started', ({ name }) => {
    if (name === 'sum') bodies++
  })
  const broken = await chain(double.s(1), fail.s(), double.s()).delay()
  await expect(broken.get(soon)).rejects.toThrow(/no 2/)
  await expect(broken.get(soon)).rejects.toBeInstanceOf(TaskFailure)
  const joined = await chord([double.s(1), fail.s(7)], sum.s()).delay()
  await expect(joined.get(soon)).rejects.toThrow(/no 7/)
  expect(await joined.status()).toBe('FAILURE')
  expect(bodies).toBe(0)
})

feature('workflows/goes-on-from-what-is-run-again', { backend: true }, async (stage) => {
  const { app, double, sum } = tasksOf(stage)
  const broken = new Set([2, 3])
  const runs: number[] = []
  const flaky = app.task({
    name: 'flaky',
    input: type<number>(),
    retry: { maxRetries: 0 },
    run: (n) => {
      runs.push(n)
      if (broken.has(n)) throw new Error(`no ${n}`)
      return n
    },
  })
  await stage.worker(app)
  // Groups in a group, in a chain: what failed is deep inside, twice.
  const flow = await chain(
    group([
      chain(group([flaky.s(1), flaky.s(2)]), sum.s(), double.s()),
      chain(group([flaky.s(3), flaky.s(4)]), sum.s()),
    ]),
    sum.s(),
    double.s(),
  ).applyAsync()
  expect(await flow.get(soon).catch((error: unknown) => error)).toBeInstanceOf(TaskFailure)
  await app.control.retry(`${flow.id}.0.0.0.1`)
  expect(await flow.status()).toBe('STARTED')
  await until(() => (stage.unruly ? runs.length >= 5 : runs.length === 5))
  // Still broken: that part waits for the other one, and cannot be awaited anew until the whole has failed.
  await until(async () => (await app.result(`${flow.id}.0.0.0.1`).info())?.generation === 1)
  await until(async () => (await app.result(`${flow.id}.0.0.0.1`).status()) === 'FAILURE')
  await expect(app.control.retry(`${flow.id}.0.0.0.1`)).rejects.toThrow('once the whole has failed')
  await app.control.retry(`${flow.id}.0.1.0.0`)
  expect(await flow.get(soon).catch((error: unknown) => error)).toBeInstanceOf(TaskFailure)
  broken.clear()
  for (const id of ['0.0.0.1', '0.1.0.0']) await app.control.retry(`${flow.id}.${id}`)
  // (2 × (1 + 2) + (3 + 4)) × 2
  expect(await flow.get(soon)).toBe(26)
  expect(await flow.progress()).toEqual({ done: 2, total: 2 })
  // What had not failed was not run again.
  expect(stage.runs(runs.filter((n) => n === 1 || n === 4))).toHaveLength(2)
  await expect(app.control.retry(flow.id)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})

feature('workflows/run-again-as-a-whole', { backend: true }, async (stage) => {
  const { app, sum } = tasksOf(stage)
  let broken = true
  let round = 1
  const flaky = app.task({
    name: 'flaky',
    input: type<number>(),
    retry: { maxRetries: 0 },
    run: (n) => {
      if (broken) throw new Error(`no ${round}`)
      return n
    },
  })
  const heard: string[] = []
  const note = app.task({
    name: 'note',
    input: type<FailedStep>(),
    run: ({ error }) => void heard.push(error.message),
  })
  await stage.worker(app)
  const flow = await chord([flaky.s(1), flaky.s(2), flaky.s(3)], sum.s())
    .onError(note.s())
    .applyAsync()
  const failed = () => flow.get(soon).catch((error: unknown) => error)
  expect(await failed()).toBeInstanceOf(TaskFailure)
  await until(() => stage.runs(heard).length === 1)
  round = 2
  await app.control.retry(flow.id)
  expect(await failed()).toBeInstanceOf(TaskFailure)
  // In every round whoever wants to hear of a failure does.
  await until(() => stage.runs(heard).length === 2)
  broken = false
  await app.control.retry(flow.id)
  expect(await flow.get(soon)).toBe(6)
  expect(stage.runs(heard)).toEqual(['no 1', 'no 2'])
})

feature('workflows/failures-can-be-collected', { backend: true }, async (stage) => {
  const { app, double, fail } = tasksOf(stage)
  const count = app.task({
    name: 'count',
    input: type<readonly Settled<number>[]>(),
    run: (children) => children.filter(({ status }) => status === 'rejected').length,
  })
  await stage.worker(app)
  const children = [double.s(1), fail.s(1), fail.s(2)] as const
  expect(await (await chain(group(children, { failures: 'collect' }), count.s()).delay()).get(soon)).toBe(2)
  const settled = await (await group(children, { failures: 'collect' }).delay()).get(soon)
  expect(settled).toMatchObject([
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: { message: 'no 1' } },
    { status: 'rejected', reason: { message: 'no 2' } },
  ])
})

feature('workflows/error-callbacks-are-sent', { backend: true }, async (stage) => {
  const { app, double, fail } = tasksOf(stage)
  const heard = new Map<string, { readonly by: string; readonly failed: FailedStep }>()
  const ran: string[] = []
  const hear = (id: string, message: { readonly by: string; readonly failed: FailedStep }) => {
    ran.push(id)
    heard.set(id, message)
  }
  const listen = app.task({
    name: 'listen',
    input: type<{ by: string; failed: FailedStep }>(),
    run: (message, { id }) => hear(id, message),
  })
  const note = app.task({
    name: 'note',
    input: type<FailedStep>(),
    run: (failed, { id }) => hear(id, { by: 'task', failed }),
  })
  await stage.worker(app)
  const result = await chain(double.s(1), fail.s().onError(note.s()), double.s())
    .onError(
      chain(note.s(), listen.si({ by: 'after', failed: { id: '', error: { name: '', message: '' } } })),
    )
    .delay()
  await expect(result.get(soon)).rejects.toThrow(/no 2/)
  await until(() => heard.size === 3)
  expect(stage.runs(ran)).toHaveLength(3)
  const messages = [...heard.values()]
  expect(messages.map(({ by }) => by).sort()).toEqual(['after', 'task', 'task'])
  expect(messages.find(({ by }) => by === 'task')?.failed).toMatchObject({
    id: `${result.id}.1`,
    error: { name: 'Error', message: 'no 2' },
  })
})

feature('workflows/revoke-stops-what-is-left', { backend: true }, async (stage) => {
  const app = stage.app()
  const started = gate()
  const ran: number[] = []
  const wait = app.task({
    name: 'wait',
    input: type<number>(),
    run: async (n, { signal }) => {
      ran.push(n)
      started.open()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return n
    },
  })
  await stage.worker(app, { concurrency: 1 })
  const result = await chain(group([wait.s(1), wait.s(2), wait.s(3)]), wait.si(4)).delay()
  await started.opened
  expect(await result.revoke()).toBe(true)
  await expect(result.get(soon)).rejects.toBeInstanceOf(TaskRevoked)
  for (const child of [0, 1, 2])
    await until(async () => (await app.result(`${result.id}.0.${child}`).status()) === 'REVOKED')
  expect(stage.runs(ran)).toHaveLength(1)
})

feature('workflows/options-on-any-node', { backend: true }, async (stage) => {
  const { app, double } = tasksOf(stage)
  await stage.worker(app, { queues: ['default', 'slow'] })
  const began = Date.now()
  const result = await chain(double.s(1), double.s().set({ countdown: 300, queue: 'slow' }), double.s())
    .set({ headers: { tenant: 'a' } })
    .applyAsync({ priority: 9 })
  expect(await result.get(soon)).toBe(8)
  expect(Date.now() - began).toBeGreaterThanOrEqual(300)
  expect((await app.result(`${result.id}.1`).info())?.queue).toBe('slow')
  expect((await app.result(`${result.id}.2`).info())?.queue).toBe('default')
})

feature('workflows/groups-need-a-backend', { backend: false }, async (stage) => {
  const { double, sum } = tasksOf(stage)
  const sending = chord([double.s(1)], sum.s()).delay()
  if (stage.pair.hasBackend) await sending
  else await expect(sending).rejects.toMatchObject({ code: 'BACKEND_REQUIRED' })
})

/** 100,000 children in the full tier: only there is the time for it. */
const many = process.env['TQ_TEST_TIER'] === 'full' ? 100_000 : 500

feature(
  'workflows/large-groups',
  { backend: true },
  async (stage) => {
    const { app, double, sum } = tasksOf(stage)
    await stage.worker(app, { concurrency: 50 })
    const count = stage.pair.emulated ? many / 10 : many
    const numbers = Array.from({ length: count }, (_, n) => n)
    const result = await chord(
      numbers.map((n) => double.s(n)),
      sum.s(),
    ).delay()
    expect(await result.get({ timeout: '10m' })).toBe(count * (count - 1))
    expect(await result.progress()).toEqual({ done: count, total: count })
  },
  { timeoutMs: 600_000 },
)

feature('workflows/twenty-levels-deep', { backend: true }, async (stage) => {
  const { app, double, sum } = tasksOf(stage)
  await stage.worker(app)
  let tree = chord([double.s(1), double.s(1)], sum.s())
  for (let depth = 1; depth < 20; depth++) tree = chord([tree, double.s(1)], sum.s())
  expect(await (await tree.delay()).get({ timeout: '60s' })).toBe(42)
})
