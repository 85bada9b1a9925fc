import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive } from '../src/worker/pidfile.ts'
import { Project, taskFile } from './project.ts'

const create = () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  return project
}

/** A process that is nobody's child here: all there is to wait for is that it is gone. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10)
}

const kill = (pid: number) => {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

test('--detach returns when the worker is ready; it lives on until it is told to stop', async () => {
  const project = create()
  const words = ['worker', '-A', 'tasks.ts', '--detach', '--pidfile', 'w.pid', '--logfile', 'w.log']
  const { pid, ...files } = (await project.json(words)) as { pid: number }
  onTestFinished(() => kill(pid))
  expect(files).toEqual({ pidfile: project.path('w.pid'), logfile: project.path('w.log') })
  expect(readFileSync(project.path('w.pid'), 'utf8')).toBe(`${pid}\n`)
  expect(readFileSync(project.path('w.log'), 'utf8')).toContain('"message":"ready"')
  const id = await project.send('add', { x: 1, y: 2 })
  expect(await project.app.result(id).get({ timeout: '5s' })).toBe(3)

  const second = await project.tq(words)
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(`Process ${pid} lives`) })
  const inFront = await project.tq(['worker', '-A', 'tasks.ts', '--pidfile', 'w.pid'])
  expect(inFront).toMatchObject({ code: 1, stderr: expect.stringContaining(`Process ${pid} lives`) })

  process.kill(pid, 'SIGTERM')
  await gone(pid)
  expect(existsSync(project.path('w.pid'))).toBe(false)
  expect(readFileSync(project.path('w.log'), 'utf8')).toContain('"message":"stopped"')
})

test('--detach tells why the worker did not start', async () => {
  const project = create()
  project.write('broken.ts', `throw new Error('no such luck')`)
  const broken = await project.tq(['worker', '-A', 'broken.ts', '--detach'])
  expect(broken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no such luck') })
  expect(broken.stderr.trim().split('\n')).toHaveLength(1)
  expect(existsSync(project.path('tq-worker.pid'))).toBe(false)
})

test('the pidfile of a dead process is taken over, a file that is none is left alone', async () => {
  const project = create()
  // Above the highest process id of any Linux.
  project.write('old.pid', '4194305\n')
  const worker = project.start(['worker', '-A', 'tasks.ts', '--pidfile', 'old.pid'])
  await worker.line('ready')
  expect(readFileSync(project.path('old.pid'), 'utf8')).toBe(`${worker.child.pid}\n`)
  worker.signal('SIGTERM')
  await worker.exited
  expect(existsSync(project.path('old.pid'))).toBe(false)

  const refused = await project.tq(['worker', '-A', 'tasks.ts', '--pidfile', 'package.json'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('not a pidfile') })
  expect(existsSync(project.path('package.json'))).toBe(true)
})
