import { chain, type } from '@tq/core'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { RateLimitRow } from '../src/wire/overview.ts'
import type { BulkJob, DeadLetterRow } from '../src/wire/records.ts'
import type { TaskDetail, TaskForm } from '../src/wire/task.ts'
import type { WorkflowDetail } from '../src/wire/workflow.ts'
import { memoryApp, openDashboard, press, read, startWorker, until } from './harness.ts'

const users = [{ name: 'omar', password: 'steers-it', role: 'admin' }] as const
const login = { authorization: `Basic ${Buffer.from('omar:steers-it').toString('base64')}` }

/** Everything that is done is done as omar. */
function stage() {
  const app = memoryApp()
  const open = openDashboard(app)
  const guarded = openDashboard(app, { auth: { users } })
  const act = async (action: string, body: unknown) => {
    const response = await press(guarded, action, body, login)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { app, dashboard: open, act }
}

test('tasks: retried, revoked, many at once; the audit log says who', async () => {
  const { app, dashboard, act } = stage()
  let fails = true
  const task = app.task({
    name: 'task',
    input: type<number>(),
    retry: { maxRetries: 0 },
    run: (n) => {
      if (fails) throw new Error('not yet')
      return n
    },
  })
  await startWorker(app)
  const [one, two, three] = await task.delayMany([1, 2, 3])
  await until(async () => (await app.history.counts()).states.FAILURE === 3)
  fails = false
  expect(await act('retry-task', { id: one?.id })).toEqual({ status: 200, body: {} })
  expect(await one?.get({ timeout: '5s' })).toBe(1)
  expect(await act('retry-task', { id: one?.id })).toMatchObject({
    status: 400,
    body: { code: 'INVALID_OPTION' },
  })
  expect(await act('retry-task', { id: 'nobody' })).toMatchObject({ status: 404 })
  const ids = [two?.id, three?.id, one?.id]
  expect((await act('retry-tasks', { ids })).body).toEqual({ done: 2, refused: 1 })
  const later = await task.applyAsync(4, { countdown: '1h' })
  expect((await act('revoke-task', { id: later.id, reason: 'sent twice' })).body).toEqual({ revoked: true })
  expect((await read<TaskDetail>(dashboard, `task?id=${later.id}`)).reason).toBe('sent twice')
  expect((await act('revoke-tasks', { ids: [later.id] })).body).toEqual({ done: 0, refused: 1 })
  for (const wrong of [
    {},
    { ids: [] },
    { ids: [1] },
    { ids: 'all' },
    { ids: Array.from({ length: 1_001 }, () => 'x') },
  ])
    expect((await act('retry-tasks', wrong)).status).toBe(400)
  expect((await app.inspect.audit()).map(({ by, action }) => [by, action])).toEqual([
    ['omar', 'revoke'],
    ['omar', 'revoke'],
    ['omar', 'retry'],
    ['omar', 'retry'],
    ['omar', 'retry'],
  ])
})

test('all that match: it goes on in the background, tells how far it is, and can be stopped', async () => {
  const { app, dashboard, act } = stage()
  const task = app.task({ name: 'task', run: () => 1 })
  const other = app.task({ name: 'other', run: () => 1 })
  await task.delayMany(Array.from({ length: 450 }))
  const spared = await other.delay()
  const { body } = await act('start-bulk', {
    action: 'revoke',
    filter: 'name=task&state=PENDING',
    total: 450,
  })
  const id = body['id'] as string
  expect(body).toMatchObject({ state: 'running', by: 'omar', what: 'state=PENDING name=task', total: 450 })
  await until(
    async () => (await read<BulkJob>(dashboard, `bulk-job?id=${id}`).catch(() => undefined)) === undefined,
  )
  await until(async () => (await app.history.counts()).states.REVOKED === 450)
  expect(await spared.status()).toBe('PENDING')
  await until(async () => (await app.inspect.audit()).length === 1)
  expect(await app.inspect.audit()).toMatchObject([
    {
      by: 'omar',
      action: 'revoke all',
      target: expect.stringContaining('"name":"task"'),
      outcome: '450 of 450',
    },
  ])
  for (const wrong of [{ action: 'delete' }, { action: 'retry', filter: 'state=NOPE' }, {}])
    expect((await act('start-bulk', wrong)).status).toBe(400)
})

test('queues: paused with a reason, resumed, purged by name', async () => {
  const { app, act } = stage()
  const task = app.task({ name: 'task', run: () => 1 })
  await task.delayMany([undefined, undefined])
  await act('pause-queue', { queue: 'default', reason: 'deploy' })
  expect((await app.inspect.queues())[0]?.paused).toMatchObject({ by: 'omar', reason: 'deploy' })
  expect((await act('resume-queue', { queue: 'default' })).body).toEqual({ resumed: true })
  expect(await act('purge-queue', { queue: 'default' })).toMatchObject({ status: 400 })
  expect((await app.counts('default')).ready).toBe(2)
  expect((await act('purge-queue', { queue: 'default', confirm: 'default' })).body).toEqual({ purged: 2 })
  expect((await act('pause-queue', { queue: 'no good name!' })).status).toBe(400)
})

test('dead letters: listed, some sent back, the rest dropped', async () => {
  const { app, dashboard, act } = stage()
  let fails = true
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: () => {
      if (fails) throw new Error('boom')
      return 'fine'
    },
  })
  await startWorker(app)
  const [one] = await task.delayMany([undefined, undefined, undefined])
  await until(async () => (await app.inspect.queues())[0]?.dead === 3)
  const letters = await read<readonly DeadLetterRow[]>(dashboard, 'dead?queue=default')
  expect(letters).toHaveLength(3)
  expect(letters[0]).toMatchObject({ task: 'task', error: expect.stringContaining('boom') })
  fails = false
  expect((await act('retry-dead', { queue: 'default', ids: [one?.id] })).body).toEqual({ retried: 1 })
  expect(await one?.get({ timeout: '5s' })).toBe('fine')
  expect((await act('drop-dead', { queue: 'default' })).body).toEqual({ dropped: 2 })
  expect(await read(dashboard, 'dead?queue=default')).toEqual([])
  expect((await app.inspect.audit()).map(({ by, action }) => [by, action])).toEqual([
    ['omar', 'drop dead letters'],
    ['omar', 'retry dead letters'],
  ])
})

test('workers: slots, queues, stop; a refusal is told, not hidden', async () => {
  const { app, act } = stage()
  app.task({ name: 'task', run: () => 1 })
  const worker = await startWorker(app, { queues: ['default'] })
  await until(async () => (await app.inspect.workers()).length === 1)
  const [{ id } = { id: '' }] = await app.inspect.workers()
  expect((await act('resize-worker', { worker: id, slots: 3 })).body).toEqual({
    answers: [{ worker: 'one' }],
  })
  expect((await act('resize-worker', { worker: id, slots: 0 })).body).toMatchObject({
    answers: [{ worker: 'one', error: expect.stringContaining('whole number') }],
  })
  expect((await act('resize-worker', { worker: id, slots: 'many' })).status).toBe(400)
  await act('add-queue', { worker: id, queue: 'late' })
  await act('remove-queue', { worker: id, queue: 'default' })
  await until(async () => (await app.inspect.workers())[0]?.queues.join() === 'late')
  expect((await act('stop-worker', { worker: id })).body).toEqual({ answers: [{ worker: 'one' }] })
  await worker.stopped
})

test('a task is run by hand: a form where its schema describes itself, checked here or by the worker', async () => {
  const { app, dashboard, act } = stage()
  app.task({ name: 'described', queue: 'own', input: z.object({ n: z.int() }), run: ({ n }) => 2 * n })
  app.task({ name: 'typed', input: type<number>(), run: (n) => n })
  await startWorker(app)
  expect(await read<TaskForm>(dashboard, 'form?task=described')).toMatchObject({
    queue: 'own',
    checked: true,
    schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  })
  expect(await read<TaskForm>(dashboard, 'form?task=typed')).toMatchObject({ queue: null, schema: null })
  const { body } = await act('run-task', { task: 'described', input: { n: 4 }, priority: 9 })
  expect(await app.result(body['id'] as string).get({ timeout: '5s' })).toBe(8)
  for (const wrong of [
    { task: 'described', input: { n: 'four' } },
    { task: 'described', input: { n: 4 }, priority: 99 },
    { task: 'described', input: { n: 4 }, countdown: 'soon' },
    { task: 'no good name!' },
  ])
    expect([wrong, (await act('run-task', wrong)).status]).toEqual([wrong, 400])
  // A dashboard that was not started with the task file knows names only.
  const other = stage()
  const sent = await other.act('run-task', { task: 'elsewhere', input: [1], queue: 'far', countdown: '1h' })
  expect(await read<TaskForm>(other.dashboard, 'form?task=elsewhere')).toEqual({
    name: 'elsewhere',
    queue: 'far',
    checked: false,
    schema: null,
  })
  expect(await other.app.inspect.audit()).toMatchObject([
    { by: 'omar', action: 'run task', target: 'elsewhere', outcome: sent.body['id'] },
  ])
})

test('a failed workflow goes on, from a node or from all that failed', async () => {
  const { app, dashboard, act } = stage()
  let fails = true
  const one = app.task({ name: 'one', input: type<number>(), run: (n) => n + 1 })
  const two = app.task({
    name: 'two',
    input: type<number>(),
    retry: { maxRetries: 0 },
    run: (n) => {
      if (fails) throw new Error('no')
      return 2 * n
    },
  })
  await startWorker(app)
  for (const pick of [(id: string) => `${id}.1`, (id: string) => id]) {
    fails = true
    const flow = await chain(one.s(1), two.s(), one.s()).applyAsync()
    await until(async () => (await flow.status()) === 'FAILURE')
    const { graph } = await read<WorkflowDetail>(dashboard, `workflow?id=${flow.id}`)
    expect(JSON.stringify(graph)).toContain('"canRetry":true')
    fails = false
    expect((await act('retry-task', { id: pick(flow.id) })).status).toBe(200)
    expect(await flow.get({ timeout: '5s' })).toBe(5)
  }
})

test('rates: defined, changed for all workers, taken back; what is none is refused in words', async () => {
  const { app, dashboard, act } = stage()
  app.task({ name: 'limited', rateLimit: '100/m', run: () => 1 })
  app.task({ name: 'free', run: () => 1 })
  await startWorker(app)
  const limits = () => read<readonly RateLimitRow[]>(dashboard, 'rate-limits')
  const asDefined = {
    task: 'limited',
    defined: { limit: 100, windowMs: 60_000, perKey: false },
    changed: null,
    workers: ['one'],
  }
  expect(await limits()).toEqual([asDefined])
  expect((await act('limit-rate', { task: 'limited', rate: '10/m' })).body).toEqual({
    answers: [{ worker: 'one' }],
  })
  expect(await limits()).toEqual([{ ...asDefined, changed: '10/m' }])
  expect(await act('limit-rate', { task: 'limited', rate: 'fast' })).toMatchObject({
    status: 400,
    body: { code: 'INVALID_OPTION', message: expect.stringContaining("'fast' is not a rate") },
  })
  for (const wrong of [{ task: 'limited', rate: 10 }, { task: 'limited', rate: '0/m' }, { rate: '1/m' }])
    expect([wrong, (await act('limit-rate', wrong)).status]).toEqual([wrong, 400])
  expect((await act('limit-rate', { task: 'free', rate: '1/m' })).body).toMatchObject({
    answers: [{ worker: 'one', error: expect.stringContaining("no task 'free' with a rateLimit") }],
  })
  expect((await limits())[0]).toEqual({ task: 'free', defined: null, changed: '1/m', workers: [] })
  await act('limit-rate', { task: 'free' })
  await act('limit-rate', { task: 'limited' })
  expect(await limits()).toEqual([asDefined])
  expect((await app.inspect.audit()).map(({ by, action }) => [by, action])).toEqual([
    ['omar', 'rate-limit limited as defined'],
    ['omar', 'rate-limit free as defined'],
    ['omar', 'rate-limit free 1/m'],
    ['omar', 'rate-limit limited 10/m'],
  ])
})

test('a task that waits runs at another time, before others, or now; one that does not is left alone', async () => {
  const { app, dashboard, act } = stage()
  const task = app.task({ name: 'task', input: type<number>(), run: (n) => n })
  const late = await task.applyAsync(1, { countdown: '1h' })
  const dueAt = async () => (await read<TaskDetail>(dashboard, `task?id=${late.id}`)).dueAt ?? 0
  const { id } = late
  expect(await act('reschedule-task', { id, countdown: '3h' })).toEqual({ status: 200, body: {} })
  expect(await dueAt()).toBeGreaterThan(Date.now() + 2.9 * 3_600_000)
  const eta = new Date(Date.now() + 5 * 3_600_000).toISOString()
  await act('reschedule-task', { id, eta })
  expect(Math.abs((await dueAt()) - Date.parse(eta))).toBeLessThan(60_000)
  expect(await act('set-priority', { id, priority: 9 })).toEqual({ status: 200, body: {} })
  for (const [action, wrong] of [
    ['promote-task', {}],
    ['reschedule-task', { id }],
    ['reschedule-task', { id, countdown: '1h', eta }],
    ['reschedule-task', { id, countdown: 'soon' }],
    ['reschedule-task', { id, eta: 'tomorrow' }],
    ['set-priority', { id }],
    ['set-priority', { id, priority: 10 }],
  ] as const)
    expect([action, wrong, (await act(action, wrong)).status]).toEqual([action, wrong, 400])
  await startWorker(app)
  expect(await act('promote-task', { id })).toEqual({ status: 200, body: {} })
  expect(await late.get({ timeout: '10s' })).toBe(1)
  expect(await act('promote-task', { id })).toMatchObject({
    status: 409,
    body: { code: 'NOT_QUEUED', message: expect.stringContaining('is SUCCESS') },
  })
  expect(await act('set-priority', { id: 'nobody', priority: 1 })).toMatchObject({ status: 404 })
  expect((await app.inspect.audit()).map(({ by, action, target }) => [by, action, target])).toEqual([
    ['omar', 'promote', id],
    ['omar', 'priority', id],
    ['omar', 'reschedule', id],
    ['omar', 'reschedule', id],
  ])
})
