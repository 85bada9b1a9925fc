import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type } from '@tq/core'
import { expect, test } from 'vitest'
import { ask, Events, memoryApp, openDashboard, press, read, silent, startWorker, until } from './harness.ts'

const canary = 'CANARY-9f3b71'
const ui = join(import.meta.dirname, '../ui')

test('secrets that were planted come out nowhere: page, API, live updates, logs', async () => {
  const lines: string[] = []
  const keep = (...said: unknown[]) => void lines.push(JSON.stringify(said))
  const app = memoryApp({ logger: { ...silent, info: keep, warn: keep, error: keep } })
  const token = 'correct-horse-battery-staple'
  const dashboard = openDashboard(app, { auth: { tokens: [{ token }] } })
  const login = { authorization: `Bearer ${token}` }
  const task = app.task({
    name: 'task',
    input: type<{ user: string; password: string; nested: { apiKey: string }[] }>(),
    retry: { maxRetries: 1, backoff: '1ms' },
    run: (_, { log }) => {
      log.warn('logging in', { authorization: `Bearer ${canary}`, url: `https://u:${canary}@db/` })
      throw new Error(`connect ECONNREFUSED postgres://admin:${canary}@db:5432/app?password=${canary}`)
    },
  })
  const good = app.task({ name: 'good', run: () => ({ sessionToken: canary, plain: 'shown' }) })
  await startWorker(app)
  await good.delay()
  const sent = await task.delay({ user: 'ada', password: canary, nested: [{ apiKey: canary }] })
  await until(async () => (await sent.status()) === 'FAILURE' && (await app.inspect.queues())[0]?.dead === 1)
  const paths = [
    '',
    'api/session',
    'api/overview',
    'api/tasks',
    'api/activity',
    'api/audit',
    'api/dead?queue=default',
  ]
  let all = ''
  for (const path of [...paths, `api/task?id=${sent.id}`])
    all += await (await ask(dashboard, path, login)).text()
  const done = (await app.history.list({ name: 'good' })).tasks[0]?.id
  const detail = await (await ask(dashboard, `api/task?id=${done}`, login)).text()
  all += detail
  all += await (await press(dashboard, 'retry-task', { id: `postgres://a:${canary}@db` }, login)).text()
  const stream = await ask(
    dashboard,
    `api/live?get=tasks&get=task%3Fid%3D${sent.id}&get=dead%3Fqueue%3Ddefault`,
    login,
  )
  const events = new Events(stream)
  await events.next((message) => JSON.stringify(message).includes('"logs"'))
  await events.next((message) => JSON.stringify(message).includes('diedAt'))
  await events.close()
  all += JSON.stringify(events.messages)
  // What is no secret is there: the test looks at the right things.
  expect(all).toContain('"user":"ada"')
  expect(all).toContain('postgres://admin:***@db:5432')
  expect(detail).toContain('"plain":"shown"')
  expect(all).not.toContain(canary)
  expect(all).not.toContain(token)
  const told = lines.filter((line) => !line.includes('logging in') && !line.includes('"task '))
  expect(told.join('\n')).not.toContain(token)
})

test('payloads can stay on the server altogether', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app, { payloads: 'hidden' })
  const task = app.task({
    name: 'task',
    input: type<{ harmless: string }>(),
    run: ({ harmless }, { log }) => {
      log.info('said', { harmless })
      return { harmless }
    },
  })
  await startWorker(app)
  const sent = await task.delay({ harmless: canary })
  await sent.get({ timeout: '5s' })
  const detail = await read<Record<string, unknown>>(dashboard, `task?id=${sent.id}`)
  expect(detail).toMatchObject({ state: 'SUCCESS', hasResult: true })
  expect(JSON.stringify([detail, await read(dashboard, 'tasks')])).not.toContain(canary)
})

test('every answer carries the headers that keep others out', async () => {
  const dashboard = openDashboard(memoryApp())
  for (const path of [
    '',
    'tasks',
    'icon.svg',
    'api/overview',
    'api/nothing',
    'nothing',
    'api/live?get=audit',
  ]) {
    const { headers, body } = await ask(dashboard, path)
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ])
      expect([path, policy]).toEqual([path, expect.stringContaining(part)])
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    await body?.cancel()
  }
  const html = await (await ask(dashboard, '')).text()
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?:\/\//)
  expect((await ask(dashboard, 'api/overview')).headers.get('cache-control')).toBe('no-store')
  const [asset = ''] = /assets\/[^"]+\.js/.exec(html) ?? []
  expect((await ask(dashboard, asset)).headers.get('cache-control')).toContain('immutable')
})

test('the pages render text and nothing else', () => {
  const files = readdirSync(join(ui, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  )
  expect(files.length).toBeGreaterThan(30)
  for (const name of files) {
    const text = readFileSync(join(ui, 'src', name), 'utf8')
    expect([
      name,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/i.exec(text),
    ]).toEqual([name, null])
  }
})
