import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'

const create = () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  return project
}
const ready = 'a worker process is ready'

test('--processes: a killed worker is replaced; SIGTERM stops all', async () => {
  const project = create()
  const tq = project.start(['worker', '-A', 'tasks.ts', '--processes', '2', '-n', 'many'])
  await tq.line('ready', 1, (line) => line['processes'] === 2)
  const workers = await project.app.workers()
  expect(workers.map(({ name }) => name).sort()).toEqual(['many-1', 'many-2'])
  const victim = workers[0]?.pid ?? 0
  process.kill(victim, 'SIGKILL')
  expect(await tq.line('a worker process died')).toMatchObject({ process: victim, how: 'signal SIGKILL' })
  const successor = await tq.line(ready, 3)
  expect(successor['process']).not.toBe(victim)
  tq.signal('SIGTERM')
  expect(await tq.exited).toMatchObject({ code: 0 })
  expect(tq.lines.filter(({ message }) => message === 'stopped')).toHaveLength(3)
})

test('--max-tasks-per-process: a process that had its share is replaced, and nothing is lost', async () => {
  const project = create()
  const ids: string[] = []
  for (let i = 0; i < 4; i++) {
    ids.push(await project.send('mail', undefined, { queue: 'mail' }))
  }
  const tq = project.start(['worker', '-A', 'tasks.ts', '--max-tasks-per-process', '2', '-c', '1', '--burst'])
  expect(await tq.exited).toMatchObject({ code: 0 })
  expect(await tq.line('a worker process is replaced')).toMatchObject({ reason: 'max-tasks' })
  const results = await Promise.all(ids.map((id) => project.info(id)))
  expect(new Set(results.map((info) => info?.result)).size).toBe(2)
})

test('a second SIGTERM reaches the workers too', async () => {
  const project = create()
  const tq = project.start(['worker', '-A', 'tasks.ts', '--processes', '2', '--grace', '1h'])
  await tq.line('ready', 1, (line) => line['processes'] === 2)
  await project.send('hold')
  await tq.line('started')
  tq.signal('SIGTERM')
  await tq.line('SIGTERM: stopping;', 3)
  tq.signal('SIGTERM')
  expect(await tq.exited).toMatchObject({ code: 0 })
  const reports = tq.lines.filter(({ message }) => message === 'stopped')
  expect(reports.some((line) => line['released'] === 1)).toBe(true)
})

test('workers whose supervisor was killed stop by themselves', async () => {
  const project = create()
  const tq = project.start(['worker', '-A', 'tasks.ts', '--processes', '2'])
  await tq.line('ready', 1, (line) => line['processes'] === 2)
  tq.signal('SIGKILL')
  // The workers hold its output open: it is closed when they are gone.
  await tq.exited
  expect(tq.lines.filter(({ message }) => message === 'stopped')).toHaveLength(2)
})

test('when no process can start, the reason is told once', async () => {
  const project = create()
  project.write('broken.ts', `throw new Error('no such luck')`)
  const { code, stderr } = await project.tq(['worker', '-A', 'broken.ts', '--processes', '2'])
  expect(code).toBe(1)
  expect(stderr).toContain('no such luck')
})
