import { TqError } from '@tq/core'
import { expect, onTestFinished, test } from 'vitest'
import { FailedLogins } from '../src/access/failed-logins.ts'
import { actions } from '../src/actions/catalog.ts'
import { createDashboard, listenForDashboard } from '../src/index.ts'
import { ask, memoryApp, openDashboard, press } from './harness.ts'

const token = 'correct-horse-battery-staple'
const users = [
  { name: 'vera', password: 'looks-only', role: 'view' },
  { name: 'omar', password: 'steers-it', role: 'operate' },
  { name: 'ada', password: 'owns-it', role: 'admin' },
] as const

const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

test('without authentication it answers this machine only', async () => {
  const dashboard = openDashboard(memoryApp())
  const status = async (headers: Record<string, string>) =>
    (await ask(dashboard, 'api/session', headers)).status
  for (const host of ['127.0.0.1', '127.0.0.1:5555', 'localhost:80', '[::1]:5555'])
    expect(await status({ host })).toBe(200)
  // DNS that leads a page of another name here; a proxy that makes it public.
  for (const host of ['evil.example', '10.0.0.5:5555', '127.0.0.1.evil.example', '169.254.0.1'])
    expect(await status({ host })).toBe(403)
  expect(await status({ 'x-forwarded-for': '203.0.113.9' })).toBe(403)
  expect(await status({ forwarded: 'for=203.0.113.9' })).toBe(403)
  const refused = await ask(dashboard, '', { host: 'evil.example' })
  expect(await refused.json()).toMatchObject({
    code: 'NOT_LOCAL',
    fix: expect.stringContaining('TQ_DASHBOARD_TOKEN'),
  })
})

test('a connection from elsewhere is refused, whatever its Host says', async () => {
  const dashboard = openDashboard(memoryApp())
  const { Guard } = await import('../src/access/guard.ts')
  const guard = new Guard({ auth: undefined, hosts: undefined, readOnly: false })
  const request = new Request('http://127.0.0.1/', { headers: { host: '127.0.0.1' } })
  await expect(guard.admit({ request, raw: undefined, address: '203.0.113.9' })).rejects.toMatchObject({
    status: 403,
  })
  await expect(guard.admit({ request, raw: undefined, address: '::ffff:127.0.0.1' })).resolves.toMatchObject({
    role: 'admin',
  })
  expect((await ask(dashboard, 'api/session')).status).toBe(200)
})

test('it refuses production, other addresses and wrong options, with the line that mends it', async () => {
  const app = memoryApp()
  const before = process.env['NODE_ENV']
  onTestFinished(() => {
    process.env['NODE_ENV'] = before
  })
  process.env['NODE_ENV'] = 'production'
  expect(() => createDashboard(app)).toThrow(/TQ_DASHBOARD_TOKEN/)
  createDashboard(app, { auth: { tokens: [{ token }] } }).close()
  process.env['NODE_ENV'] = before
  for (const host of ['0.0.0.0', '::', '10.1.2.3'])
    await expect(listenForDashboard(app, { host, port: 0 })).rejects.toThrow(/authentication.*openssl rand/s)
  expect(() => createDashboard(app, { auth: {} })).toThrow(TqError)
  expect(() => createDashboard(app, { auth: { tokens: [{ token: 'short' }] } })).toThrow(/openssl rand/)
  expect(() => createDashboard(app, { auth: { users: [{ name: 'a:b', password: 'x' }] } })).toThrow(TqError)
  expect(() =>
    createDashboard(app, { auth: { users: [{ name: 'a', password: 'x', role: 'root' as never }] } }),
  ).toThrow(/role/)
  expect(() => createDashboard(app, { readonly: true } as never)).toThrow(/unknown option 'readonly'/)
})

test('names and passwords, tokens: the right ones get in, page and API by the same door', async () => {
  const dashboard = openDashboard(memoryApp(), {
    auth: { users, tokens: [{ token, name: 'ci', role: 'operate' }] },
  })
  const who = async (headers: Record<string, string>) => {
    const response = await ask(dashboard, 'api/session', { host: 'tq.example.com', ...headers })
    return response.ok ? await response.json() : response.status
  }
  expect(await who(basic('ada', 'owns-it'))).toMatchObject({ user: 'ada', role: 'admin' })
  expect(await who(basic('vera', 'looks-only'))).toMatchObject({ user: 'vera', role: 'view' })
  expect(await who(bearer(token))).toMatchObject({ user: 'ci', role: 'operate' })
  // In a browser, which cannot send bearers: any name, and the token.
  expect(await who(basic('whoever', token))).toMatchObject({ user: 'ci' })
  const wrong = [
    {},
    basic('ada', 'looks-only'),
    basic('ada', ''),
    bearer(`${token}x`),
    bearer('owns-it'),
    { authorization: 'Basic !!' },
  ]
  for (const headers of wrong) expect(await who(headers)).toBe(401)
  for (const path of ['', 'tasks', 'api/overview', 'api/live?get=overview', 'assets/index.js']) {
    const response = await ask(dashboard, path)
    expect([path, response.status]).toEqual([path, 401])
    expect(response.headers.get('www-authenticate')).toContain('Basic')
  }
})

test('whoever guesses has to wait', async () => {
  const dashboard = openDashboard(memoryApp(), { auth: { users } })
  for (let at = 0; at < 10; at++)
    expect((await ask(dashboard, 'api/session', basic('ada', `guess ${at}`))).status).toBe(401)
  const refused = await ask(dashboard, 'api/session', basic('ada', 'owns-it'))
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  let now = 0
  const failed = new FailedLogins(() => now)
  for (let at = 0; at < 10; at++) failed.add('a')
  expect([failed.waitOf('a'), failed.waitOf('b')]).toEqual([60, 0])
  now = 61_000
  expect(failed.waitOf('a')).toBe(0)
  for (let at = 0; at < 5_000; at++) failed.add(`address ${at}`)
  expect(failed.waitOf('address 4999')).toBe(0)
})

test("the host application's own session decides", async () => {
  const seen: unknown[] = []
  const dashboard = openDashboard(memoryApp(), {
    auth: {
      async authorize(request, raw) {
        seen.push(raw)
        const who = request.headers.get('x-user')
        if (who === 'boss') return { name: 'boss', role: 'admin' }
        if (who === 'guest') return 'view'
        return who === 'odd' ? ({ role: 'root' } as never) : false
      },
    },
  })
  const as = async (who: string) => {
    const response = await ask(dashboard, 'api/session', { 'x-user': who })
    return response.ok ? await response.json() : response.status
  }
  expect(await as('boss')).toMatchObject({ user: 'boss', role: 'admin' })
  expect(await as('guest')).toMatchObject({ role: 'view' })
  // No form to log in with: the browser must not ask.
  expect([await as('stranger'), await as('odd')]).toEqual([403, 403])
  expect(seen[0]).toBeInstanceOf(Request)
})

test('every action needs its role', async () => {
  const dashboard = openDashboard(memoryApp(), { auth: { users } })
  const table: Record<string, readonly number[]> = {}
  for (const name of Object.keys(actions)) {
    const statuses: number[] = []
    for (const user of users)
      statuses.push((await press(dashboard, name, {}, basic(user.name, user.password))).status)
    table[name] = statuses
  }
  for (const [name, { role }] of Object.entries(actions)) {
    const [view, operate, admin] = table[name] ?? []
    expect([name, view]).toEqual([name, 403])
    // Allowed: then the empty body is what is wrong.
    expect([name, operate]).toEqual([name, role === 'admin' ? 403 : 400])
    expect([name, admin]).toEqual([name, 400])
  }
  expect(
    Object.keys(actions)
      .filter((name) => actions[name]?.role === 'admin')
      .sort(),
  ).toEqual(['add-queue', 'drop-dead', 'purge-queue', 'remove-queue', 'resize-worker', 'stop-worker'])
})

test('read-only: nobody does anything', async () => {
  const dashboard = openDashboard(memoryApp(), { readOnly: true })
  expect(await (await ask(dashboard, 'api/session')).json()).toMatchObject({ role: 'view' })
  for (const name of Object.keys(actions)) {
    const response = await press(dashboard, name)
    expect([name, response.status]).toEqual([name, 403])
    expect(await response.json()).toMatchObject({ message: 'This dashboard is read-only.' })
  }
})

test('only our own page, or a token, changes anything', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app, { auth: { users, tokens: [{ token }] } })
  const ada = basic('ada', 'owns-it')
  const send = async (headers: Record<string, string>, method = 'POST', body = '{"queue":"default"}') => {
    const request = new Request('http://tq.example.com/api/do/pause-queue', {
      method,
      headers: { host: 'tq.example.com', 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body } : {}),
    })
    return (await dashboard.fetch(request)).status
  }
  const own = { 'sec-fetch-site': 'same-origin' }
  const refused = [
    { ...ada, 'sec-fetch-site': 'cross-site' },
    { ...ada, 'sec-fetch-site': 'same-site' },
    { ...ada, 'sec-fetch-site': 'none' },
    { ...ada, origin: 'https://evil.example' },
    { ...ada, origin: 'null' },
    // Neither said: a browser too old to tell. Scripts have tokens.
    { ...ada },
    { ...bearer(token), 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of refused) expect([headers, await send(headers)]).toEqual([headers, 403])
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
    expect([type, await send({ ...ada, ...own, 'content-type': type })]).toEqual([type, 415])
  expect(await send({ ...ada, ...own }, 'GET')).toBe(404)
  expect(await send({ ...ada, ...own }, 'POST', '[]')).toBe(400)
  expect(await send({ ...ada, ...own }, 'POST', 'x')).toBe(400)
  expect(await send({ ...ada, ...own }, 'POST', JSON.stringify({ queue: 'x'.repeat(70_000) }))).toBe(413)
  expect((await app.inspect.audit()).length).toBe(0)
  // Plain http beyond this machine: browsers say Origin only.
  for (const headers of [
    { ...ada, ...own },
    { ...ada, origin: 'http://tq.example.com' },
    { ...bearer(token) },
  ])
    expect([headers, await send(headers)]).toEqual([headers, 200])
  expect((await app.inspect.audit()).map(({ by, action }) => [by, action])).toEqual([
    ['token', 'pause'],
    ['ada', 'pause'],
    ['ada', 'pause'],
  ])
})

test('hosts are exact', async () => {
  const dashboard = openDashboard(memoryApp(), {
    auth: { tokens: [{ token }] },
    hosts: ['tq.example.com', 'other.example:8080'],
  })
  const status = async (host: string) =>
    (await ask(dashboard, 'api/session', { host, ...bearer(token) })).status
  for (const host of ['tq.example.com', 'TQ.example.com:443', 'other.example:8080'])
    expect(await status(host)).toBe(200)
  for (const host of [
    'tq.example.com.evil.example',
    'xtq.example.com',
    'other.example',
    'other.example:80',
    '127.0.0.1',
  ])
    expect([host, await status(host)]).toEqual([host, 403])
})
