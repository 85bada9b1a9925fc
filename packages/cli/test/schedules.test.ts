import { defineTask, every } from '@tq/core'
import { expect, test, vi } from 'vitest'
import { Project } from './project.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 60_000 })

const scheduled = `
import { createApp, crontab, every } from '@tq/core'
export const app = createApp()
const ping = app.task({ name: 'ping', run: () => 'pong' })
app.schedule('often', every('200ms'), ping.s())
app.schedule('nightly', crontab({ hour: 1, minute: 0 }), ping.s(), { timeZone: 'Asia/Shanghai' })
`

const create = () => {
  const project = new Project()
  project.write('tasks.ts', scheduled)
  return project
}

test('worker --beat sends and runs what is scheduled', async () => {
  const worker = create().start(['worker', '-A', 'tasks.ts', '--beat', '--log-format', 'json'])
  const { id } = await worker.line('succeeded', 2)
  expect(id).toMatch(/^often@\d{4}-.*Z$/)
  worker.signal('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 0, stderr: '' })
})

test('beat alone, in two processes: one leads, the other follows it', async () => {
  const project = create()
  const words = ['beat', '-A', 'tasks.ts', '--lease', '1s', '--log-format', 'json']
  const first = project.start(words)
  expect(await first.line('scheduled')).toMatchObject({ schedule: 'nightly', when: 'crontab 0 1 * * *' })
  expect(await first.line('beat ready')).toMatchObject({ schedules: 2 })
  await first.line('beat: leads')
  const second = project.start(words)
  await second.line('beat ready')
  first.signal('SIGTERM')
  await second.line('beat: leads')
  second.signal('SIGTERM')
  expect([await first.exited, await second.exited]).toMatchObject([{ code: 0 }, { code: 0 }])
})

test('schedules: list, pause, resume, run, remove', async () => {
  const project = create()
  expect((await project.tq(['schedules', 'list'])).stdout).toMatch(/^No schedules/)
  // Before any beat: from the code.
  expect(await project.json(['schedules', 'list', '-A', 'tasks.ts', '--next', '2'])).toMatchObject([
    {
      name: 'nightly',
      source: 'code',
      state: 'active',
      timeZone: 'Asia/Shanghai',
      next: [expect.any(String), expect.any(String)],
    },
    { name: 'often' },
  ])
  const beat = project.start(['beat', '-A', 'tasks.ts', '--log-format', 'json'])
  await beat.line('beat ready')
  expect(await project.tq(['schedules', 'pause', 'nightly'])).toMatchObject({
    code: 0,
    stdout: 'nightly: paused\n',
  })
  const { stdout } = await project.tq(['schedules', 'list'])
  expect(stdout).toMatch(/^nightly +paused +code +crontab 0 1 \* \* \* +Asia\/Shanghai +ping/m)
  expect(stdout).toMatch(/^next of often: (\S+Z {2}){4}\S+Z$/m)
  await project.tq(['schedules', 'resume', 'nightly'])
  const { id } = (await project.json(['schedules', 'run', 'nightly'])) as { id: string }
  expect(await project.info(id)).toMatchObject({ name: 'ping', state: 'PENDING' })

  const refused = await project.tq(['schedules', 'remove', 'often'])
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('is defined in the code') })
  beat.signal('SIGTERM')
  await beat.exited
  expect(await project.json(['schedules', 'list'])).toMatchObject([
    { state: 'orphaned' },
    { state: 'orphaned' },
  ])
  expect(await project.tq(['schedules', 'remove', 'often'])).toMatchObject({
    code: 0,
    stdout: 'often: removed\n',
  })
  const again = await project.tq(['schedules', 'remove', 'often', '--json'])
  expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'UNKNOWN_SCHEDULE' } })
})

test('a schedule made at run time is sent by a beat whose code does not know its task', async () => {
  const project = create()
  const { app } = project
  const other = app.implement(defineTask({ name: 'other' }), () => {})
  await app.schedules.upsert('live', every('200ms'), other.s())
  const beat = project.start(['beat', '-A', 'tasks.ts', '--log-format', 'json', '--loglevel', 'debug'])
  await beat.line('beat: sent', 1, ({ schedule }) => schedule === 'live')
  beat.signal('SIGTERM')
  await beat.exited
})
