import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'

const ready = 'ready for tasks'

test('dev runs tasks on a file of its own and takes up changes, broken ones and repaired ones', async () => {
  const project = new Project({ TQ_BROKER_URL: '', TQ_DASHBOARD_PORT: '0' })
  project.write('src/tasks.ts', taskFile)
  const dev = project.start(['dev', '-A', 'src/tasks.ts'])
  await dev.line('tq dev')
  const [, dashboard = ''] = /dashboard: (http.*)$/.exec((await dev.line('dashboard: http')).message) ?? []
  await dev.line(ready)
  expect(await (await fetch(`${dashboard}api/session`)).json()).toMatchObject({ broker: 'sqlite' })
  expect(existsSync(project.path('.tq/dev.db'))).toBe(true)
  const broker = { TQ_BROKER_URL: 'sqlite:.tq/dev.db' }
  expect(await project.tq(['call', 'add', '{"x":1,"y":2}', '--wait'], broker)).toMatchObject({
    stdout: '3\n',
  })

  project.write('node_modules/x.ts', '// not watched')
  project.write('src/tasks.ts', taskFile.replace('x + y', 'x * 100 + y'))
  await dev.line('src/tasks.ts changed')
  await dev.line(ready, 2)
  expect(await project.tq(['call', 'add', '{"x":1,"y":2}', '--wait'], broker)).toMatchObject({
    stdout: '102\n',
  })

  project.write('src/tasks.ts', 'export const {')
  await dev.line('not started: waiting for a change')
  project.write('src/tasks.ts', taskFile)
  await dev.line(ready, 3)
  expect(dev.lines.some(({ message }) => message.startsWith('node_modules'))).toBe(false)

  dev.signal('SIGINT')
  expect(await dev.exited).toMatchObject({ code: 0 })
})

test('dev reads .env, and leaves a broker alone that was named', async () => {
  const project = new Project({ TQ_BROKER_URL: '', TQ_DASHBOARD_PORT: '0' })
  project.write('tasks.ts', taskFile)
  project.write('.env', 'TQ_BROKER_URL=sqlite:mine.db\nTQ_QUEUES=special\n')
  const dev = project.start(['dev', '-A', 'tasks.ts'])
  expect(await dev.line('tq dev')).toMatchObject({ broker: 'sqlite:mine.db' })
  expect(await dev.line(ready)).toMatchObject({ queues: ['special'] })
  dev.signal('SIGTERM')
  await dev.exited
  expect(existsSync(project.path('.tq'))).toBe(false)
  expect(existsSync(project.path('mine.db'))).toBe(true)
})
