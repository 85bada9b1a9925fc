import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'

const create = () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  return project
}

test('burst runs what is queued, logs every task and exits 0', async () => {
  const project = create()
  await project.send('add', { x: 1, y: 2 })
  await project.send('bad')
  const worker = project.start(['worker', '-A', 'tasks.ts', '--burst'])
  const { code } = await worker.exited
  expect(code).toBe(0)
  const said = (message: string, task: string) =>
    worker.lines.find((line) => line.message === message && line['task'] === task)
  expect(said('started', 'add')).toBeDefined()
  expect(said('succeeded', 'add')).toMatchObject({ runtimeMs: expect.any(Number) })
  expect(said('failed', 'bad')).toMatchObject({ error: 'Error: boom', runtimeMs: expect.any(Number) })
  expect(worker.lines.at(-1)).toMatchObject({ message: 'stopped', reason: 'burst', succeeded: 1, failed: 1 })
})

test('the ready line tells what runs where', async () => {
  const project = create()
  const worker = project.start(['worker', '-A', 'tasks', '-Q', 'default,mail:5', '-c', '3', '-n', 'one'])
  expect(await worker.line('ready')).toMatchObject({
    name: 'one',
    namespace: 'tq',
    queues: ['default', 'mail:5'],
    concurrency: 3,
    tasks: ['add', 'bad', 'hold', 'mail'],
    broker: `sqlite:${project.path('q.db')}`,
  })
})

test('on request people get a banner, and lines of their own making', async () => {
  const project = create()
  await project.send('add', { x: 1, y: 2 })
  const format = ['--log-format', 'pretty', '--task-log-format', '<{level}> {task} {message}']
  const { stdout } = await project.tq(['worker', '-A', 'tasks.ts', '--burst', ...format])
  expect(stdout).toContain(' queues       default, mail\n')
  expect(stdout).toContain('   . add\n')
  expect(stdout).toContain('<INFO > add succeeded\n')
})

test('SIGTERM lets a running task finish, takes no other, and exits 0', async () => {
  const project = create()
  const worker = project.start(['worker', '-A', 'tasks.ts', '-c', '1'])
  await worker.line('ready')
  const id = await project.send('hold')
  await worker.line('started')
  worker.signal('SIGTERM')
  expect(await worker.line('SIGTERM: stopping')).toMatchObject({ running: 1 })
  const second = await project.send('add', { x: 1, y: 1 })
  project.write('go', '')
  const { code } = await worker.exited
  expect(code).toBe(0)
  expect(worker.lines.at(-1)).toMatchObject({ message: 'stopped', released: 0, succeeded: 1 })
  expect(await project.info(id)).toMatchObject({ state: 'SUCCESS', result: 'held' })
  expect(await project.info(second)).toMatchObject({ state: 'PENDING' })
})

test('a second SIGTERM gives the running task back at once', async () => {
  const project = create()
  const worker = project.start(['worker', '-A', 'tasks.ts', '--grace', '1h'])
  await worker.line('ready')
  const id = await project.send('hold')
  await worker.line('started')
  worker.signal('SIGTERM')
  await worker.line('SIGTERM: stopping;')
  worker.signal('SIGTERM')
  const { code } = await worker.exited
  expect(code).toBe(0)
  expect(worker.lines.at(-1)).toMatchObject({ message: 'stopped', released: 1 })
  project.write('go', '')
  await project.tq(['worker', '-A', 'tasks.ts', '--burst'])
  expect(await project.info(id)).toMatchObject({ state: 'SUCCESS', attempt: 0 })
})

test('--check tells by its exit code whether the queues have a worker', async () => {
  const project = create()
  const before = await project.tq(['worker', '--check', '-Q', 'default'])
  expect(before).toMatchObject({ code: 1, stdout: 'no live worker of default\n' })
  const worker = project.start(['worker', '-A', 'tasks.ts', '-Q', 'default', '-n', 'me'])
  await worker.line('ready')
  expect(await project.tq(['worker', '--check', '-Q', 'default'])).toMatchObject({
    code: 0,
    stdout: 'ok: me\n',
  })
  expect(await project.tq(['worker', '--check'])).toMatchObject({ code: 0 })
  expect(await project.tq(['worker', '--check', '-Q', 'default,mail'])).toMatchObject({ code: 1 })
  worker.signal('SIGTERM')
  await worker.exited
  expect(await project.tq(['worker', '--check', '-Q', 'default'])).toMatchObject({ code: 1 })
})

test('task files that Node alone cannot run: enums, imports without ending, isolated tasks in them', async () => {
  const project = new Project()
  project.write('src/app.ts', `import { createApp } from '@tq/core'\nexport const app = createApp()`)
  project.write(
    'src/plain.ts',
    `import { app } from './app.ts'\nexport const plain = app.task({ name: 'plain', run: () => 1 })`,
  )
  project.write(
    'src/zenum.ts',
    `import { app } from './app'
enum Color { red = 'red' }
export const inline = app.task({ name: 'inline', run: () => Color.red })
export const apart = app.task({ name: 'apart', isolate: 'process', run: () => [Color.red, process.pid] })`,
  )
  const ids = await Promise.all(['plain', 'inline', 'apart'].map((name) => project.send(name)))
  const worker = project.start(['worker', '-A', 'src/*.ts', '--burst'])
  expect(await worker.exited).toMatchObject({ code: 0 })
  const results = await Promise.all(ids.map((id) => project.info(id)))
  expect(results).toMatchObject([{ result: 1 }, { result: 'red' }, { result: ['red', expect.any(Number)] }])
  expect(results[2]?.result).not.toEqual(['red', worker.child.pid])
})

test('a flag is stronger than the environment, the environment stronger than tq.config.ts', async () => {
  const project = create()
  project.write(
    'tq.config.ts',
    `import { defineConfig } from '@tq/cli'
export default defineConfig({ app: 'tasks.ts', name: 'file', concurrency: 2, queues: ['a', 'b:2'] })`,
  )
  const worker = project.start(['worker', '-Q', 'c'], { TQ_WORKER_NAME: 'variable', TQ_QUEUES: 'd' })
  expect(await worker.line('ready')).toMatchObject({ name: 'variable', concurrency: 2, queues: ['c'] })
})

test('a reader that goes away harms neither a command nor a worker', async () => {
  const project = create()
  const worker = project.start(['worker', '-A', 'tasks.ts'])
  await worker.line('ready')
  worker.child.stdout.destroy()
  worker.child.stderr.destroy()
  expect(await project.tq(['call', 'add', '{"x":1,"y":1}', '--wait'])).toMatchObject({
    code: 0,
    stdout: '2\n',
  })
  expect(await project.tq(['call', 'add', '{"x":2,"y":1}', '--wait'])).toMatchObject({
    code: 0,
    stdout: '3\n',
  })
  worker.signal('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 0 })
})
