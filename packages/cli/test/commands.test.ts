import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'

const create = () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  return project
}
const burst = ['worker', '-A', 'tasks.ts', '--burst']

test('call prints the id; result tells what became of it', async () => {
  const project = create()
  const call = await project.tq(['call', 'add', '{"x":1,"y":2}', '--task-id', 'mine'])
  expect(call).toEqual({ code: 0, stdout: 'mine\n', stderr: '' })
  expect(await project.json(['result', 'mine'])).toMatchObject({ id: 'mine', name: 'add', state: 'PENDING' })
  await project.tq(burst)
  const { stdout } = await project.tq(['result', 'mine'])
  expect(stdout).toMatch(/^state {4}SUCCESS$/m)
  expect(stdout).toMatch(/^result {3}3$/m)
  expect(await project.tq(['result', 'mine', '--wait'])).toMatchObject({ code: 0, stdout: '3\n' })
})

test('call --wait prints the value, or fails as the task did', async () => {
  const project = create()
  const worker = project.start(['worker', '-A', 'tasks.ts'])
  await worker.line('ready')
  expect(await project.json(['call', 'add', '{"x":1,"y":2}', '--wait'])).toMatchObject({
    state: 'SUCCESS',
    result: 3,
  })
  const failed = await project.tq(['call', 'bad', '--wait', '--json'])
  expect(failed.code).toBe(1)
  expect(JSON.parse(failed.stderr)).toMatchObject({ error: { code: 'TASK_FAILED' } })
  const late = await project.tq(['call', 'hold', '--wait', '--timeout', '100ms'])
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('within 100 ms') })
})

test('call with the task file checks the input and knows the queue of the task', async () => {
  const project = create()
  project.write(
    'strict.ts',
    `import { createApp } from '@tq/core'
const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) =>
  typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] } } }
export const app = createApp()
export const double = app.task({ name: 'double', queue: 'sums', input: schema, run: (n) => n * 2 })`,
  )
  const refused = await project.tq(['call', 'double', '"x"', '-A', 'strict.ts'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not a number') })
  const unknown = await project.tq(['call', 'doubel', '1', '-A', 'strict.ts'])
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("Did you mean 'double'?") })
  const { id } = (await project.json(['call', 'double', '4', '-A', 'strict.ts'])) as { id: string }
  expect(await project.info(id)).toMatchObject({ queue: 'sums' })
})

test('with the task file, a command asks the services that its app is connected to', async () => {
  const project = create()
  // A scheme that only this app knows, and a broker that no variable names.
  project.write(
    'own.ts',
    `import { createApp } from '@tq/core'
import { sqlite } from '@tq/sqlite'
const known = sqlite()
const meant = (url) => url.replace('own:', 'sqlite:')
const own = {
  name: 'own',
  schemes: ['own'],
  createBroker: (url, context) => known.createBroker(meant(url), context),
  createBackend: (url, context) => known.createBackend(meant(url), context),
}
export const app = createApp({ broker: 'own:own.db', adapters: [own] })
export const add = app.task({ name: 'add', queue: 'sums', run: () => 3 })`,
  )
  const unset = { TQ_BROKER_URL: '' }
  const { id } = (await project.json(['call', 'add', '-A', 'own.ts'], unset)) as { id: string }
  expect(await project.json(['result', id, '-A', 'own.ts'], unset)).toMatchObject({ queue: 'sums' })
  expect(await project.json(['inspect', 'queues', '-A', 'own.ts'], unset)).toContainEqual(
    expect.objectContaining({ name: 'sums', counts: expect.objectContaining({ ready: 1 }) }),
  )
  expect(await project.tq(['status', '-A', 'own.ts'], unset)).toMatchObject({ code: 0 })
  expect(await project.json(['purge', '-Q', 'sums', '--force'], { ...unset, TQ_APP: 'own.ts' })).toEqual({
    deleted: { sums: 1 },
  })
  project.write('memory.ts', `export const app = (await import('@tq/core')).createApp({ broker: 'memory:' })`)
  const memory = await project.tq(['status', '-A', 'memory.ts'], unset)
  expect(memory).toMatchObject({ code: 1, stderr: expect.stringContaining('lives inside one process') })
})

test('call takes queue, priority and countdown', async () => {
  const project = create()
  const options = ['--queue', 'other', '--priority', '9', '--countdown', '1h']
  const { id } = (await project.json(['call', 'add', '{"x":1,"y":2}', ...options])) as { id: string }
  expect(await project.info(id)).toMatchObject({ queue: 'other', state: 'PENDING' })
  const refused = await project.tq(['call', 'add', '--priority', '11'])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--priority '11'") })
})

test('status lists the live workers', async () => {
  const project = create()
  expect(await project.tq(['status'])).toMatchObject({ code: 0, stdout: 'No worker is alive.\n' })
  const worker = project.start(['worker', '-A', 'tasks.ts', '-n', 'one', '-c', '4'])
  await worker.line('ready')
  expect(await project.json(['status'])).toMatchObject([{ name: 'one', concurrency: 4, state: 'running' }])
  const [head, row] = (await project.tq(['status'])).stdout.split('\n')
  expect(head).toMatch(/^WORKER +STATE +QUEUES +SLOTS/)
  expect(row).toMatch(/^one +running +default,mail +4 /)
})

test('purge empties the queues it is told, and nothing without --force where nobody can be asked', async () => {
  const project = create()
  for (let i = 0; i < 3; i++) await project.send('add', { x: 1, y: 2 })
  await project.send('mail', undefined, { queue: 'mail' })
  const refused = await project.tq(['purge', '-Q', 'default'])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') })
  expect(await project.tq(['purge', '-Q', 'default,empty', '--force'])).toMatchObject({
    code: 0,
    stdout: 'default: 3 deleted\nempty: 0 deleted\n',
  })
  expect(await project.json(['purge', '-Q', 'mail:5', '-f'])).toEqual({ deleted: { mail: 1 } })
})

test('dead letters are listed, retried and dropped', async () => {
  const project = create()
  for (const taskId of ['one', 'two', 'three']) await project.send('bad', undefined, { taskId })
  await project.tq(burst)
  const listed = (await project.json(['dead', 'list', '-Q', 'default'])) as { id: string }[]
  expect(listed.map(({ id }) => id).sort()).toEqual(['one', 'three', 'two'])
  const { stdout } = await project.tq(['dead', 'list', '-Q', 'default', '--limit', '1'])
  expect(stdout).toMatch(/^ID +TASK +QUEUE[^\n]+\n\w+ +bad +default [^\n]+boom\n$/)
  expect(await project.json(['dead', 'retry', '-Q', 'default', '--id', 'one'])).toEqual({
    retried: { default: 1 },
  })
  expect(await project.info('one')).toMatchObject({ state: 'PENDING', generation: 1 })
  expect(await project.tq(['dead', 'drop', '-Q', 'default'])).toMatchObject({
    stdout: 'default: 2 dropped\n',
  })
  expect(await project.tq(['dead', 'list', '-Q', 'default'])).toMatchObject({ stdout: 'No dead letters.\n' })
})
