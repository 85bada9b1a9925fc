import { findApp, WorkerStopping } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, next, until } from './feature.ts'

feature('worker/stop-lets-running-tasks-finish', { backend: false }, async (stage) => {
  const app = stage.app()
  const held = gate()
  let ended = 0
  const task = app.task({
    name: 'task',
    run: async () => {
      await held.opened
      ended++
    },
  })
  const worker = await stage.worker(app, { concurrency: 1 })
  const started = next(app, 'started')
  await task.delayMany([undefined, undefined])
  await started
  const stopped = worker.stop({ grace: '5s' })
  held.open()
  expect(await stopped).toMatchObject({ reason: 'asked', succeeded: 1, released: 0 })
  expect(ended).toBe(1)
  // What had not started is there for others at once.
  const { ready } = await app.counts('default')
  expect(stage.counts(ready, 1), `${ready} ready`).toBe(true)
})

feature('worker/stop-gives-back-what-does-not-end', { backend: false }, async (stage) => {
  const app = stage.app()
  const attempts: number[] = []
  const reasons: unknown[] = []
  const task = app.task({
    name: 'task',
    run: async (_, { signal, attempt }) => {
      attempts.push(attempt)
      if (attempts.length > 1) return
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      reasons.push(signal.reason)
      signal.throwIfAborted()
    },
  })
  // One at a time: its twin, where a message comes twice, must not run beside it.
  const worker = await stage.worker(app, { concurrency: 1 })
  const started = next(app, 'started')
  await task.delay()
  await started
  await worker.stop({ grace: 50 })
  expect(reasons[0]).toBeInstanceOf(WorkerStopping)
  const done = next(app, 'succeeded')
  const second = await stage.worker(app)
  await done
  // No attempt was charged.
  if (stage.unruly) expect(new Set(attempts)).toEqual(new Set([0]))
  else expect(attempts).toEqual([0, 0])
  await second.stop()
})

feature('worker/burst-stops-when-empty', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => {} })
  await task.delayMany(Array.from({ length: 50 }))
  const worker = await stage.worker(app, { burst: true })
  const { reason, succeeded } = await worker.stopped
  expect(reason).toBe('burst')
  if (stage.mayEndTwice) expect(succeeded).toBeGreaterThanOrEqual(50)
  else expect(succeeded).toBe(50)
})

feature('worker/stops-after-max-tasks', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => {} })
  await task.delayMany(Array.from({ length: 10 }))
  const worker = await stage.worker(app, { maxTasks: 3, concurrency: 1 })
  // One of the three may have been a twin, whose result is refused.
  const succeeded = stage.unruly ? expect.any(Number) : 3
  expect(await worker.stopped).toMatchObject({ reason: 'max-tasks', succeeded })
  const { ready } = await app.counts('default')
  expect(stage.counts(ready, 7), `${ready} ready`).toBe(true)
})

feature('worker/startup-and-shutdown', { backend: false }, async (stage) => {
  const log: string[] = []
  const app = stage.app({
    startup: async () => {
      log.push('startup')
      return { greeting: 'hello' }
    },
    shutdown: ({ greeting }) => void log.push(`shutdown ${greeting}`),
  })
  const task = app.task({ name: 'task', run: (_, { state }) => void log.push(state.greeting) })
  const worker = await stage.worker(app as never)
  const done = next(app as never, 'succeeded')
  await task.delay()
  await done
  await worker.stop()
  expect(stage.runs(log)).toEqual(['startup', 'hello', 'shutdown hello'])
})

feature('worker/middleware-around-every-run', { backend: true }, async (stage) => {
  const app = stage.app({
    middleware: {
      send: [async (context, go) => go().finally(() => log.push(`sent ${context.task}`))],
      run: [
        async (_context, go) => `outer(${String(await go())})`,
        async (context, go) => `inner(${context.task} ${String(await go())})`,
      ],
    },
  })
  const log: string[] = []
  const task = app.task({ name: 'task', run: (): string => 'value' })
  await stage.worker(app)
  const result = await task.delay()
  expect(await result.get({ timeout: '5s' })).toBe('outer(inner(task value))')
  expect(log).toEqual(['sent task'])
})

feature('worker/tells-who-lives', { backend: true }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', run: () => {} })
  const worker = await stage.worker(app, { name: 'first', concurrency: 7 })
  expect(await app.workers()).toMatchObject([
    { id: worker.id, name: 'first', concurrency: 7, queues: ['default'], tasks: ['task'], state: 'running' },
  ])
  await worker.stop()
  expect(await app.workers()).toEqual([])
})

feature('worker/unknown-task-waits-for-one-who-knows-it', { backend: false }, async (stage) => {
  const newer = stage.app()
  const task = newer.task({ name: 'new.task', run: () => {} })
  const older = stage.app()
  const worker = await stage.worker(older)
  await task.delay()
  await until(async () => {
    const { ready, delayed } = await older.counts('default')
    return ready === 0 && delayed !== 0
  })
  await worker.stop()
  const done = next(newer, 'succeeded')
  await stage.worker(newer)
  await done
})

feature('worker/at-most-once-when-acknowledged-before', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({
    name: 'task',
    acknowledge: 'before',
    run: async () => {
      await held.opened
      return 'done'
    },
  })
  await stage.worker(app)
  const started = next(app, 'started')
  const result = await task.delay()
  await started
  await until(async () => {
    const { ready, leased } = await app.counts('default')
    return ready === 0 && !leased
  })
  held.open()
  expect(await result.get({ timeout: '5s' })).toBe('done')
})

feature('worker/sees-parent-and-trace', { backend: true }, async (stage) => {
  const app = stage.app()
  const child = app.task({
    name: 'child',
    run: (_, { parentId, headers }) => ({ parentId: parentId ?? '', trace: headers['traceparent'] ?? '' }),
  })
  const parent = app.task({ name: 'parent', run: async () => (await child.delay()).id })
  await stage.worker(app)
  const sent = await parent.applyAsync(undefined, { headers: { traceparent: '00-1-2-01' } })
  const childId = await sent.get({ timeout: '5s' })
  expect(await app.result<typeof child>(childId).get({ timeout: '5s' })).toEqual({
    parentId: sent.id,
    trace: '00-1-2-01',
  })
})

feature('worker/unreadable-messages-are-kept-with-the-reason', { backend: false }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', run: () => {} })
  const { runtime } = findApp({ app }) ?? {}
  const connection = await runtime?.connect()
  for (const text of ['not json', '{"v":2}', '[]', '{"v":1,"id":"x"}', '']) {
    await connection?.publisher.publish('default', [
      { id: `foreign ${text}`, body: Buffer.from(text), headers: { from: 'elsewhere' } },
    ])
  }
  await stage.worker(app)
  const letters = await until(async () => {
    const found = await app.deadLetters.list('default')
    // Nobody knows of an unreadable one that it came before.
    return stage.runs(found.map(({ id }) => id)).length === 5 && found
  })
  expect(letters.every(({ reason, task }) => reason === 'unreadable message' && task === undefined)).toBe(
    true,
  )
})
