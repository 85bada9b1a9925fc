import { chain, chord, group, type } from '@tq/core'
import { expect, test } from 'vitest'
import type { Page } from '../src/wire/common.ts'
import type { Activity, Overview } from '../src/wire/overview.ts'
import type { TaskDetail, TaskRow } from '../src/wire/task.ts'
import type { GraphNode, WorkflowDetail, WorkflowRow } from '../src/wire/workflow.ts'
import { ask, memoryApp, openDashboard, press, read, startWorker, until } from './harness.ts'

const reasonsOf = async (dashboard: Parameters<typeof read>[0], id: string) =>
  (await read<TaskDetail>(dashboard, `task?id=${id}`)).reasons

test('why a task does not run: every reason in words, with what to do', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const task = app.task({ name: 'task', run: () => held })
  const limited = app.task({ name: 'limited', concurrency: 1, run: () => held })
  const elsewhere = app.task({ name: 'elsewhere', queue: 'other', run: () => 1 })
  const retried = app.task({
    name: 'retried',
    retry: { backoff: { type: 'fixed', base: '1h' } },
    run: () => {
      throw new RangeError('not today')
    },
  })

  const first = await task.delay()
  expect(await reasonsOf(dashboard, first.id)).toMatchObject([
    { kind: 'blocks', text: 'No worker is alive.', fix: expect.stringContaining('tq worker') },
  ])
  await startWorker(app, { queues: ['default'], concurrency: 3 })
  await until(async () => (await app.inspect.workers()).length === 1)
  const lost = await elsewhere.delay()
  expect(await reasonsOf(dashboard, lost.id)).toMatchObject([
    {
      kind: 'blocks',
      text: "No live worker takes tasks from queue 'other'.",
      fix: expect.stringContaining('-Q other'),
    },
  ])
  const later = await task.applyAsync(undefined, { countdown: '1h' })
  expect(await reasonsOf(dashboard, later.id)).toMatchObject([
    { kind: 'waits', text: expect.stringContaining('Delayed until 20') },
  ])
  const again = await retried.delay()
  await until(async () => (await again.status()) === 'RETRY')
  expect(await reasonsOf(dashboard, again.id)).toMatchObject([
    { kind: 'waits', text: expect.stringContaining('after RangeError and runs again (attempt 2)') },
  ])

  const [one, two] = [await limited.delay(), await limited.delay()]
  await until(async () => (await one.status()) === 'STARTED' || (await two.status()) === 'STARTED')
  const waiting = (await one.status()) === 'STARTED' ? two : one
  await until(async () =>
    (await reasonsOf(dashboard, waiting.id)).some(({ text }) => text.includes('limit is reached: 1 of 1')),
  )
  await until(async () => (await first.status()) === 'STARTED')
  expect(await reasonsOf(dashboard, first.id)).toMatchObject([{ kind: 'fine', text: 'It runs on one.' }])
  await task.delay()
  const crowded = await task.delay()
  await until(async () =>
    (await reasonsOf(dashboard, crowded.id)).some(({ text }) => text.startsWith('All 3 slots')),
  )

  const unknown = await app.send({ name: 'nobody-knows', settings: {} } as never, undefined as never)
  await until(async () =>
    (await reasonsOf(dashboard, unknown.id)).some(({ text }) =>
      text.includes("knows the task 'nobody-knows'"),
    ),
  )
  await press(dashboard, 'pause-queue', { queue: 'default', reason: 'a deploy' })
  expect(await reasonsOf(dashboard, crowded.id)).toMatchObject([
    {
      kind: 'blocks',
      text: expect.stringMatching(/paused by local user since .*: a deploy/),
      fix: 'Resume the queue.',
    },
  ])
  await press(dashboard, 'resume-queue', { queue: 'default' })
  release()
})

test('the overview warns of what an operator has to know', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  const task = app.task({ name: 'task', queue: 'work', run: () => 1 })
  await task.delay()
  const texts = async () => (await read<Overview>(dashboard, 'overview')).warnings.map(({ text }) => text)
  expect(await texts()).toEqual(['No worker is alive, and 1 task waits.'])
  await startWorker(app, { queues: ['elsewhere'] })
  await until(async () => (await texts()).includes("No worker listens to queue 'work': 1 task waits."))
  // A queue that only a sender knows of.
  await task.applyAsync(undefined, { queue: 'forgotten' })
  await until(
    async () => (await texts()).includes("No worker listens to queue 'forgotten': 1 task waits."),
    12_000,
  )
  await app.control.pause('work', { by: 'kim', reason: 'moving' })
  await until(async () => (await texts()).includes("Queue 'work' is paused by kim (moving); 1 task waits."))
})

test('tasks are filtered, paged and counted by what the URL says', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  const good = app.task({ name: 'good.one', input: type<number>(), run: (n) => n })
  const bad = app.task({
    name: 'bad.one',
    retry: { maxRetries: 0 },
    run: () => {
      throw new Error('boom')
    },
  })
  await startWorker(app)
  const sent = await good.delayMany([1, 2, 3, 4, 5])
  await bad.applyAsync(undefined, { tags: ['red'] })
  await until(async () => (await app.history.counts()).states.FAILURE === 1)
  await until(async () => (await app.history.counts()).states.SUCCESS === 5)
  const ids = async (query: string) =>
    (await read<Page<TaskRow>>(dashboard, `tasks?${query}`)).items.map(({ name }) => name)
  expect(await ids('state=FAILURE')).toEqual(['bad.one'])
  expect(await ids('name=good.*')).toHaveLength(5)
  expect(await ids('tag=red')).toEqual(['bad.one'])
  expect(await ids(`id=${sent[0]?.id}`)).toEqual(['good.one'])
  expect(await ids('worker=one&state=SUCCESS,FAILURE')).toHaveLength(6)
  expect(await ids('last=1h')).toHaveLength(6)
  expect(await ids('to=2020-01-01')).toHaveLength(0)
  const first = await read<Page<TaskRow>>(dashboard, 'tasks?limit=4')
  const second = await read<Page<TaskRow>>(
    dashboard,
    `tasks?limit=4&cursor=${encodeURIComponent(first.next ?? '')}`,
  )
  expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(6)
  expect(await read(dashboard, 'census?name=good.one')).toMatchObject({ states: { SUCCESS: 5 } })
  expect(await read(dashboard, 'census?tag=red')).toBeNull()
  for (const path of [
    'tasks?state=NOPE',
    'tasks?last=soon',
    'tasks?from=never',
    'activity?last=2y',
    'task',
    'dead',
    'workflow',
  ])
    expect([path, (await ask(dashboard, `api/${path}`)).status]).toEqual([path, 400])
  for (const path of ['task?id=nobody', 'workflow?id=nobody', 'bulk-job?id=nobody', 'nothing', 'constructor'])
    expect([path, (await ask(dashboard, `api/${path}`)).status]).toEqual([path, 404])
})

test('how the tasks did: sums, percentiles and their course', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  const task = app.task({ name: 'task', run: () => 1 })
  const worker = await startWorker(app)
  await Promise.all(
    (await task.delayMany([undefined, undefined, undefined])).map((one) => one.get({ timeout: '5s' })),
  )
  await worker.stop()
  const activity = await read<Activity>(dashboard, 'activity?last=1h')
  expect(activity.tasks).toMatchObject([{ name: 'task', succeeded: 3, failed: 0, p50Ms: expect.any(Number) }])
  expect(activity.tasks[0]?.runs.length).toBe(activity.starts.length)
  expect((await read<Activity>(dashboard, 'activity?last=24h')).stepMs).toBe(3_600_000)
})

const outline = (node: GraphNode): unknown =>
  node.kind === 'task'
    ? `${node.name} ${node.state}`
    : node.kind === 'chain'
      ? node.steps.map(outline)
      : { [`${node.done}/${node.total}`]: node.children.map(outline) }

test('a workflow as a graph, with what has not been sent yet', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  let release = () => {}
  const held = new Promise<number>((resolve) => {
    release = () => resolve(7)
  })
  const quick = app.task({ name: 'quick', input: type<number>(), run: (n) => n })
  const slow = app.task({ name: 'slow', input: type<number>(), run: () => held })
  const sum = app.task({ name: 'sum', input: type<number[]>(), run: (all) => all.length })
  await startWorker(app)
  const whole = await chain(group([chain(quick.s(1), quick.s()), slow.s(2)]), sum.s(), quick.s()).applyAsync()
  const graph = async () => {
    const { graph: node } = await read<WorkflowDetail>(dashboard, `workflow?id=${whole.id}`)
    return node && outline(node)
  }
  const half = [{ '1/2': [['quick SUCCESS', 'quick SUCCESS'], 'slow STARTED'] }, 'sum null', 'quick null']
  await until(async () => JSON.stringify(await graph()) === JSON.stringify(half))
  expect((await read<Page<WorkflowRow>>(dashboard, 'workflows')).items).toMatchObject([
    { id: whole.id, state: 'STARTED', done: 1, total: 2, shape: '(quick → quick, slow) → sum → quick' },
  ])
  release()
  expect(await whole.get({ timeout: '5s' })).toBe(2)
  await until(async () => JSON.stringify(await graph()).includes('"sum SUCCESS","quick SUCCESS"'))

  const fails = app.task({
    name: 'fails',
    retry: { maxRetries: 0 },
    run: (): number => {
      throw new Error('no')
    },
  })
  const wide = await chord(
    [fails.s(), ...Array.from({ length: 40 }, (_, at) => quick.s(at))],
    sum.s(),
  ).applyAsync()
  await until(async () => (await wide.status()) === 'FAILURE')
  const { graph: drawn, state, error } = await read<WorkflowDetail>(dashboard, `workflow?id=${wide.id}`)
  expect([state, error?.message]).toEqual(['FAILURE', 'no'])
  const [all] = (drawn as Extract<GraphNode, { kind: 'chain' }>).steps as [
    Extract<GraphNode, { kind: 'group' }>,
  ]
  // Not all are drawn; the one that failed is.
  expect([all.total, all.children.length]).toEqual([41, 24])
  expect(outline(all.children[0] as GraphNode)).toBe('fails FAILURE')
})
