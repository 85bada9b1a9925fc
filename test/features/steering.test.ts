import { expect } from 'vitest'
import { feature, gate, next, until } from './feature.ts'

feature('control/pause-holds-a-queue-until-resumed', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const task = app.task({ name: 'task', run: (_, { id }) => void ran.push(id) })
  const other = app.task({ name: 'other', queue: 'other', run: () => 'ran' })
  await stage.worker(app)
  // From another process: one that only steers.
  const operator = stage.app()
  const answers = await operator.control.pause('default', { by: 'kim', reason: 'deploy' })
  expect(answers).toHaveLength(1)
  expect(answers[0]?.error).toBeUndefined()
  const held = await task.delay()
  // The worker still works: only this queue is held.
  expect(await (await other.delay()).get({ timeout: '5s' })).toBe('ran')
  expect(ran).toEqual([])
  // What a service had sent ahead comes back within a moment.
  await until(async () => stage.counts((await app.counts('default')).ready, 1))
  const ready = stage.unruly ? expect.any(Number) : 1
  expect(await app.inspect.queues()).toMatchObject([
    { name: 'default', paused: { by: 'kim', reason: 'deploy' }, counts: { ready } },
    { name: 'other', paused: undefined },
  ])
  expect(await operator.control.resume('default')).toBe(true)
  await held.get({ timeout: '5s' })
  expect(stage.runs(ran)).toEqual([held.id])
  expect(await operator.control.resume('default')).toBe(false)
})

feature('control/pause-outlives-workers', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => 'ran' })
  await app.control.pause('default')
  const held = await task.delay()
  const first = await stage.worker(app)
  expect(first.describe()).toMatchObject({ state: 'paused', paused: ['default'] })
  await first.stop()
  const second = await stage.worker(app)
  await until(async () => stage.counts((await app.counts('default')).ready, 1))
  expect(await held.status()).toBe('PENDING')
  await app.control.resume('default')
  expect(await held.get({ timeout: '5s' })).toBe('ran')
  await until(() => second.describe().state === 'running')
})

feature('control/pause-gives-back-what-waits-for-a-slot', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({ name: 'task', run: () => held.opened })
  await stage.worker(app, { concurrency: 1 })
  const started = next(app, 'started')
  await task.delayMany([undefined, undefined, undefined])
  await started
  await app.control.pause('default')
  await until(async () => stage.counts((await app.counts('default')).ready, 2))
  held.open()
})

feature('control/revoke-and-run-again', { backend: true }, async (stage) => {
  const app = stage.app()
  let fails = true
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: () => {
      if (fails) throw new Error('not yet')
      return 'at last'
    },
  })
  await stage.worker(app)
  const failed = await task.delay()
  await expect(failed.get({ timeout: '5s' })).rejects.toMatchObject({ code: 'TASK_FAILED' })
  fails = false
  await app.control.retry(failed.id, { by: 'kim' })
  expect(await failed.get({ timeout: '5s' })).toBe('at last')
  expect(await failed.info()).toMatchObject({ generation: 1, attempt: 0 })
  await expect(app.control.retry(failed.id)).rejects.toMatchObject({ code: 'INVALID_OPTION' })

  const delayed = await task.applyAsync(undefined, { countdown: '1h' })
  expect(await app.control.revoke(delayed.id, { by: 'kim' })).toBe(true)
  expect(await delayed.info()).toMatchObject({ state: 'REVOKED', reason: 'by kim' })
  expect(await app.control.revoke(delayed.id)).toBe(false)
  await expect(app.control.revoke('nobody-knows-me')).rejects.toMatchObject({ code: 'UNKNOWN_RESULT' })
})

feature('control/slots-and-queues-change-while-running', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  let running = 0
  const task = app.task({
    name: 'task',
    run: async () => {
      running++
      await held.opened
    },
  })
  const elsewhere = app.task({ name: 'elsewhere', queue: 'late', run: () => 'ran' })
  await stage.worker(app, { concurrency: 1, queues: ['default'], name: 'one' })
  await task.delayMany([undefined, undefined, undefined])
  await until(() => running === 1)
  expect(await app.control.concurrency(3, { to: ['one'] })).toMatchObject([{ worker: { name: 'one' } }])
  await until(() => running === 3)
  const [refused] = await app.control.concurrency(0)
  expect(refused?.error).toContain('not a whole number')
  held.open()

  const later = await elsewhere.delay()
  await app.control.addConsumer('late')
  expect(await later.get({ timeout: '5s' })).toBe('ran')
  // On a service that throttles a worker may answer too late.
  await until(async () => (await app.control.addConsumer('late'))[0]?.error?.includes('already'))
  await app.control.cancelConsumer('late')
  expect((await app.inspect.ping())[0]?.value).toBe('pong')
  const left = await elsewhere.delay()
  await task.delay()
  await until(async () => (await app.counts('default')).ready === 0)
  expect(await left.status()).toBe('PENDING')
  await until(async () => (await app.control.cancelConsumer('late'))[0]?.error?.includes('takes no tasks'))
  // The queue is known all the same, and nobody is there for it: said with the worker's next heartbeat.
  await until(async () => {
    const late = (await app.inspect.queues()).find(({ name }) => name === 'late')
    return late?.workers.length === 0
  })
})

feature('control/shutdown-drains', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({ name: 'task', run: () => held.opened.then(() => 'finished') })
  const worker = await stage.worker(app, { name: 'leaves' })
  await stage.worker(app, { name: 'stays' })
  const [started, event] = [gate(), next(app, 'started')]
  const result = await task.delay()
  await event
  started.open()
  await app.control.shutdown({ to: ['leaves'] })
  held.open()
  expect((await worker.stopped).reason).toBe('asked')
  expect(await result.get({ timeout: '5s' })).toBe('finished')
  await until(async () => (await app.inspect.workers()).length === 1)
  expect((await app.inspect.workers())[0]?.name).toBe('stays')
})

feature('control/an-old-command-is-not-obeyed-by-a-new-worker', { backend: true }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', run: () => {} })
  const first = await stage.worker(app, { name: 'same' })
  await app.control.shutdown({ to: ['same'] })
  await first.stopped
  const second = await stage.worker(app, { name: 'same' })
  expect((await app.inspect.ping())[0]).toMatchObject({ worker: { id: second.id }, value: 'pong' })
  expect(second.describe().state).toBe('running')
})

feature('control/everything-is-written-down', { backend: true }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => {} })
  const { id } = await task.delay()
  await app.control.pause('default', { by: 'kim', reason: 'deploy' })
  await app.control.resume('default', { by: 'kim' })
  await app.control.revoke(id, { by: 'lee' })
  await app.control.purge('default')
  // A tool of somebody's own.
  await app.control.note('looked at', 'the clock', { by: 'kim', outcome: 'late' })
  const [noted, ...entries] = await app.inspect.audit()
  expect(noted).toMatchObject({ action: 'looked at', target: 'the clock', by: 'kim', outcome: 'late' })
  expect(entries.map(({ by, action, target }) => [by, action, target])).toEqual([
    [expect.stringContaining('@'), 'purge', 'default'],
    ['lee', 'revoke', id],
    ['kim', 'resume', 'default'],
    ['kim', 'pause', 'default'],
  ])
  expect(await app.inspect.audit({ limit: 1 })).toHaveLength(1)
})

feature('control/rate-limit-changes-for-all-workers', { backend: true }, async (stage) => {
  const app = stage.app()
  const ran: string[] = []
  const limited = app.task({ name: 'limited', rateLimit: '1/h', run: (_, { id }) => void ran.push(id) })
  const free = app.task({ name: 'free', run: () => {} })
  await stage.worker(app)
  await app.control.rateLimit('limited', '1000/s', { by: 'kim' })
  const defined = { limit: 1, windowMs: 3_600_000, perKey: false }
  const limits = { task: 'limited', defined, changed: '1000/s', workers: [expect.any(String)] }
  // The heartbeat may be yet to tell.
  await until(async () => (await app.inspect.rateLimits())[0]?.workers.length === 1)
  expect(await app.inspect.rateLimits()).toEqual([limits])
  const sent = await limited.delayMany(Array.from({ length: 5 }, () => undefined))
  await Promise.all(sent.map((result) => result.get({ timeout: '5s' })))
  expect(stage.runs(ran)).toHaveLength(5)
  // One that starts later has it from the beginning.
  await stage.worker(app)
  await (await limited.delay()).get({ timeout: '5s' })
  await app.control.rateLimit('limited', undefined)
  const two = await limited.delayMany([undefined, undefined])
  await until(async () => (await app.counts('default')).ready === 0)
  // One of them may start; two workers take them in either order.
  expect(await Promise.all(two.map((result) => result.status()))).toContain('PENDING')
  expect((await app.control.rateLimit(free.name, '10/m'))[0]?.error).toContain(
    "no task 'free' with a rateLimit",
  )
  expect(await app.inspect.rateLimits()).toMatchObject([
    { task: 'free', defined: undefined, changed: '10/m', workers: [] },
    { task: 'limited', defined, changed: undefined },
  ])
  await expect(app.control.rateLimit('limited', 'fast')).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})

feature('control/revoke-and-retry-all-that-match', { backend: true }, async (stage) => {
  const app = stage.app()
  let fails = true
  const bad = app.task({
    name: 'bad',
    retry: { maxRetries: 0 },
    run: () => {
      if (fails) throw new Error('no')
    },
  })
  const other = app.task({ name: 'other', run: () => {} })
  await stage.worker(app)
  const failed = await bad.delayMany(Array.from({ length: 5 }, () => undefined))
  await Promise.all(failed.map((result) => expect(result.get({ timeout: '5s' })).rejects.toThrow()))
  fails = false
  let last: { done: number; succeeded: number } | undefined
  for await (const progress of app.control.retryAll({ name: 'bad' }, { by: 'kim' })) last = progress
  expect(last).toMatchObject({ done: 5, succeeded: 5 })
  await Promise.all(failed.map((result) => result.get({ timeout: '5s' })))

  const waiting = await other.delayMany([undefined, undefined, undefined], { countdown: '1h' })
  const kept = await bad.applyAsync(undefined, { countdown: '1h' })
  for await (const progress of app.control.revokeAll({ name: 'other' }, { by: 'kim' })) last = progress
  expect(last).toMatchObject({ succeeded: 3 })
  for (const result of waiting) expect(await result.status()).toBe('REVOKED')
  expect(await kept.status()).toBe('PENDING')
  const [entry] = await app.inspect.audit({ limit: 1 })
  expect(entry).toMatchObject({ by: 'kim', action: 'revoke all', outcome: '3 of 3' })
})
