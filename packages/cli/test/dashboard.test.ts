import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'
import type { Running } from './running.ts'

const token = 'correct-horse-battery-staple'

/** Where it listens, once it does. */
async function urlOf(dashboard: Running): Promise<string> {
  const { message } = await dashboard.line('dashboard: http')
  return message.replace('dashboard: ', '')
}

test('tq dashboard shows what is in the store, and ends with a signal', async () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  const id = await project.send('add', { x: 1, y: 2 })
  const dashboard = project.start([
    'dashboard',
    '--port',
    '0',
    '-A',
    'tasks.ts',
    '--json',
    '--environment',
    'test:danger',
  ])
  const url = await urlOf(dashboard)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  expect(await (await fetch(url)).text()).toContain('<div id="app">')
  expect(await (await fetch(`${url}api/session`)).json()).toMatchObject({
    role: 'admin',
    broker: 'sqlite',
    environment: { label: 'test', tone: 'danger' },
  })
  expect(await (await fetch(`${url}api/task?id=${id}`)).json()).toMatchObject({
    id,
    name: 'add',
    state: 'PENDING',
  })
  expect(await (await fetch(`${url}api/overview`)).json()).toMatchObject({
    names: ['add', 'bad', 'hold', 'mail'],
    warnings: [{ text: 'No worker is alive, and 1 task waits.' }],
  })
  // With a page open that has no end.
  const live = await fetch(`${url}api/live?get=overview`)
  dashboard.signal('SIGTERM')
  expect((await dashboard.exited).code).toBe(0)
  await live.body?.cancel().catch(() => undefined)
})

test('it refuses to be open to others, with the line that mends it', async () => {
  const project = new Project()
  for (const [words, environment] of [
    [['--host', '0.0.0.0'], {}],
    [[], { NODE_ENV: 'production' }],
  ] as const) {
    const { code, stderr } = await project.tq(['dashboard', '--port', '0', ...words], environment)
    expect(code).toBe(1)
    expect(stderr).toContain('has no authentication')
    expect(stderr).toContain('TQ_DASHBOARD_TOKEN="$(openssl rand -hex 24)"')
  }
  const wrong = await project.tq(['dashboard', '--user', 'hunter2'])
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('name:password:role') })
  expect(wrong.stderr).not.toContain('hunter2')
})

test('a token from a file, users with roles, read-only', async () => {
  const project = new Project({ NODE_ENV: 'production' })
  project.write('token', `${token}\n`)
  const environment = {
    TQ_DASHBOARD_TOKEN_FILE: project.path('token'),
    TQ_DASHBOARD_USERS: 'vera:a:b:view,ada:x:y',
  }
  const dashboard = project.start(
    ['dashboard', '--port', '0', '--json', '--allow-host', '127.0.0.1'],
    environment,
  )
  const url = await urlOf(dashboard)
  const as = async (authorization: string, host?: string) => {
    const response = await fetch(`${url}api/session`, {
      headers: { authorization, ...(host ? { host } : {}) },
    })
    return response.ok ? await response.json() : response.status
  }
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  expect((await fetch(url)).status).toBe(401)
  expect(await as(`Bearer ${token}`)).toMatchObject({ user: 'token', role: 'admin' })
  expect(await as(basic('vera:a:b'))).toMatchObject({ user: 'vera', role: 'view' })
  expect(await as(basic('ada:x:y'))).toMatchObject({ user: 'ada', role: 'admin' })
  expect(await as(basic('vera:a:b:view'))).toBe(401)
  const pause = (url: string) =>
    fetch(`${url}api/do/pause-queue`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"queue":"default"}',
    })
  expect((await pause(url)).status).toBe(200)
  expect(await project.json(['inspect', 'audit'])).toMatchObject([{ by: 'token', action: 'pause' }])
  const reading = project.start(['dashboard', '--port', '0', '--json', '--read-only'], environment)
  expect((await pause(await urlOf(reading))).status).toBe(403)
  // Nothing of it in the logs.
  for (const running of [dashboard, reading]) {
    running.signal('SIGTERM')
    const { stdout, stderr } = await running.exited
    expect(stdout + stderr).not.toContain(token)
  }
})

test('without its broker the page is there and says what to do', async () => {
  const project = new Project({ TQ_BROKER_URL: 'sqlite:/dev/null/q.db' })
  const dashboard = project.start(['dashboard', '--port', '0', '--json'])
  const url = await urlOf(dashboard)
  await dashboard.line('sqlite (sqlite:/dev/null/q.db): connecting failed')
  expect((await fetch(url)).status).toBe(200)
  const overview = await fetch(`${url}api/overview`)
  expect(overview.status).toBe(500)
  expect(await overview.json()).toMatchObject({
    code: 'BROKER_REFUSED',
    fix: expect.stringContaining('TQ_BROKER_URL'),
  })
})
