import { expect } from 'vitest'
import { feature, gate, next, until } from './feature.ts'

feature('inspect/workers-tell-what-they-do', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({ name: 'task', run: () => held.opened })
  const worker = await stage.worker(app, { name: 'one', concurrency: 2 })
  const started = next(app, 'started')
  const { id } = await task.delay()
  await started
  const [info] = await until(async () => {
    const workers = await app.inspect.workers()
    return stage.counts(workers[0]?.running, 1) && workers
  })
  expect(info).toMatchObject({
    id: worker.id,
    name: 'one',
    state: 'running',
    queues: ['default'],
    paused: [],
    tasks: ['task'],
    concurrency: 2,
    versions: { node: process.version },
    process: { memory: { rss: expect.any(Number) }, loopLag: { maxMs: expect.any(Number) } },
    broker: { capabilities: { priorityLevels: expect.any(Number) } },
  })
  const active = [{ id, name: 'task', queue: 'default', attempt: 0 }]
  expect(stage.shown(info?.active ?? [])).toMatchObject(active)
  held.open()
})

feature('inspect/workers-answer-at-once-or-with-their-heartbeat', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({ name: 'task', run: () => held.opened })
  await stage.worker(app, { name: 'a', concurrency: 1, queues: ['default', 'more:5'] })
  await stage.worker(app, { name: 'b', concurrency: 1 })
  const started = next(app, 'started')
  const { id } = await task.delay()
  await started
  const operator = stage.app()
  const pongs = await operator.inspect.ping()
  expect(pongs.map(({ worker, value }) => [worker.name, value])).toEqual([
    ['a', 'pong'],
    ['b', 'pong'],
  ])
  const active = (await operator.inspect.active()).flatMap(({ value }) => value ?? [])
  expect(stage.shown(active)).toMatchObject([
    { id, name: 'task', queue: 'default', startedAt: expect.any(Number) },
  ])
  // A message that came twice waits there for its twin's end.
  const reserved = (await operator.inspect.reserved()).map(({ value }) => value)
  expect(reserved.map((tasks) => (stage.unruly ? [] : tasks))).toEqual([[], []])
  const [conf] = await operator.inspect.conf({ to: ['a'] })
  expect(conf?.value).toMatchObject({
    concurrency: 1,
    queues: [{ name: 'default' }, { name: 'more', weight: 5 }],
  })
  expect(await operator.inspect.ping({ to: ['nobody'] })).toEqual([])
  held.open()
})

feature('inspect/a-worker-that-died-is-named', { backend: true }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', run: () => {} })
  const worker = await stage.worker(app, { name: 'gone' })
  // As it is when its process was killed: its last word is still there.
  const connection = await (
    app as never as { connect(): Promise<{ backend: { state: StateLike } }> }
  ).connect()
  const info = JSON.stringify(worker.describe())
  await worker.stop()
  await connection.backend.state.add('workers', worker.id, info, { ttlMs: 60_000 })
  const [answer] = await app.inspect.ping()
  expect(answer).toMatchObject({ worker: { name: 'gone' }, error: expect.stringContaining('no answer') })
})

interface StateLike {
  add(collection: string, member: string, value: string, options: { ttlMs: number }): Promise<void>
}

feature('inspect/run-times-of-all-workers-add-up', { backend: true }, async (stage) => {
  const app = stage.app()
  const quick = app.task({ name: 'quick', run: () => {} })
  const bad = app.task({
    name: 'bad',
    retry: { maxRetries: 1, backoff: 1 },
    run: () => {
      throw new Error('no')
    },
  })
  const workers = [await stage.worker(app, { concurrency: 2 }), await stage.worker(app, { concurrency: 2 })]
  const sent = await quick.delayMany(Array.from({ length: 20 }, () => undefined))
  await Promise.all(sent.map((result) => result.get({ timeout: '5s' })))
  await expect((await bad.delay()).get({ timeout: '5s' })).rejects.toThrow()
  // What a worker counted it writes with its heartbeat, at the latest when it stops.
  await Promise.all(workers.map((worker) => worker.stop()))
  const stats = await app.inspect.stats({ last: '10m' })
  expect(stats['quick']).toMatchObject({ succeeded: 20, failed: 0, retried: 0 })
  expect(stats['quick']?.p99Ms).toBeGreaterThanOrEqual(1)
  expect(stats['bad']).toMatchObject({ succeeded: 0, failed: 1 })
  // An attempt that comes once more after it has failed fails again.
  const retried = stats['bad']?.retried
  expect(stage.counts(retried, 1), `${retried} retried`).toBe(true)
  const { points, stepMs } = await app.inspect.series({ last: '10m' })
  expect(stepMs).toBe(60_000)
  expect(points.length).toBeGreaterThanOrEqual(10)
  const sum = points.reduce((all, { tasks }) => all + (tasks['quick']?.succeeded ?? 0), 0)
  expect(sum).toBe(20)
  const days = await app.inspect.series({ last: '2d' })
  expect(days.stepMs).toBe(3_600_000)
  expect(days.points.at(-1)?.tasks['quick']?.succeeded ?? days.points.at(-2)?.tasks['quick']?.succeeded).toBe(
    20,
  )
})

feature('inspect/queues-without-a-worker-are-listed', { backend: true }, async (stage) => {
  const app = stage.app({ routes: { 'mail.*': 'mail' } })
  const task = app.task({
    name: 'task',
    queue: 'reports',
    retry: { maxRetries: 0 },
    run: () => Promise.reject(new Error('no')),
  })
  const worker = await stage.worker(app, { queues: ['reports'], name: 'one' })
  const failed = next(app, 'failed')
  await task.delay()
  await failed
  await worker.stop()
  await task.delay()
  const queues = await until(async () => {
    const found = await app.inspect.queues()
    const reports = found.find(({ name }) => name === 'reports')
    // What a last poll brought to the worker that stopped has to go back first.
    return stage.counts(reports?.dead, 1) && stage.counts(reports?.counts?.ready, 1) && found
  })
  expect(queues.map(({ name }) => name)).toEqual(['default', 'mail', 'reports'])
  expect(queues.at(-1)).toMatchObject({
    ...(stage.unruly ? {} : { counts: { ready: 1 }, dead: 1 }),
    workers: [],
  })
})
