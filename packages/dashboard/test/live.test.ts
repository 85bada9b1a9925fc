import { redis } from '@tq/redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { BulkJobs } from '../src/actions/bulk-jobs.ts'
import { LiveReads } from '../src/live/live-reads.ts'
import { Reader, type Reading } from '../src/live/reader.ts'
import { WaitingTasks } from '../src/reads/waiting-tasks.ts'
import { ask, Events, memoryApp, openDashboard, until } from './harness.ts'

function liveOf(app: ReturnType<typeof memoryApp>) {
  const context = { app, waiting: new WaitingTasks(app), bulk: new BulkJobs(app), hidePayloads: false }
  const live = new LiveReads(new Reader(context))
  onTestFinished(() => live.close())
  return live
}

test('a hundred tabs cost one read per turn, no tab costs none', async () => {
  const app = memoryApp()
  const live = liveOf(app)
  const reads = vi.spyOn(app.inspect, 'audit')
  const told: Reading[] = []
  const leave = Array.from({ length: 100 }, () => live.watch('audit', (_, reading) => told.push(reading)))
  await until(() => told.length === 100)
  expect(reads).toHaveBeenCalledTimes(1)
  // Who comes later is told at once.
  leave.push(live.watch('audit', (_, reading) => told.push(reading)))
  expect(told.length).toBe(101)
  expect(reads).toHaveBeenCalledTimes(1)
  for (const one of leave) one()
  expect(live.size).toBe(0)
})

test('the same again is not told again; what changes is', async () => {
  const app = memoryApp()
  const live = liveOf(app)
  const reads = vi.spyOn(app.history, 'list')
  const told: Reading[] = []
  const leave = live.watch('tasks?limit=5', (_, reading) => told.push(reading))
  await until(() => reads.mock.calls.length >= 2)
  expect(told.length).toBe(1)
  await app.task({ name: 'task', run: () => 1 }).delay()
  await until(() => told.length === 2)
  expect(JSON.stringify(told[1])).toContain('task')
  leave()
})

test('unknown things are not looked at', async () => {
  const dashboard = openDashboard(memoryApp())
  expect((await ask(dashboard, 'api/live?get=overview&get=passwords')).status).toBe(404)
  expect((await ask(dashboard, 'api/live?get=__proto__')).status).toBe(404)
})

test('while the store is away the reason and the fix are told, and it goes on by itself', async () => {
  const app = memoryApp()
  const dashboard = openDashboard(app)
  const broken = vi.spyOn(app.inspect, 'queues')
  const { TqError } = await import('@tq/core')
  broken.mockRejectedValue(
    new TqError('BACKEND_UNREACHABLE', 'redis://admin:CANARY@db:6379 does not answer: connect ECONNREFUSED'),
  )
  const events = new Events(await ask(dashboard, 'api/live?get=overview'))
  const { problem } = await events.next((message) => 'problem' in message)
  expect(problem).toMatchObject({
    code: 'BACKEND_UNREACHABLE',
    message: 'redis://admin:***@db:6379 does not answer: connect ECONNREFUSED',
    fix: expect.stringContaining('TQ_BACKEND_URL'),
  })
  const direct = await ask(dashboard, 'api/overview')
  expect(direct.status).toBe(503)
  expect(await direct.text()).not.toContain('CANARY')
  broken.mockRestore()
  await events.next(({ data }) => data !== undefined)
  await events.close()
})

test('a broker that cannot be reached from the start: the page is there and says why', async () => {
  const app = memoryApp({ adapters: [redis()], broker: 'redis://:CANARY@127.0.0.1:1' })
  const dashboard = openDashboard(app)
  expect((await ask(dashboard, '')).status).toBe(200)
  expect(await (await ask(dashboard, 'api/session')).json()).toMatchObject({ broker: '', role: 'admin' })
  const overview = await ask(dashboard, 'api/overview')
  expect(overview.status).toBe(503)
  const problem = await overview.text()
  expect(JSON.parse(problem)).toMatchObject({
    code: 'BROKER_UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED 127.0.0.1:1'),
    fix: expect.stringContaining('TQ_BROKER_URL'),
  })
  expect(problem).not.toContain('CANARY')
})
