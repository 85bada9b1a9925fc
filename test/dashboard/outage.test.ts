import { redis } from '@tq/redis'
import { expect, onTestFinished, test } from 'vitest'
import { ask, Events, memoryApp, openDashboard, press, until } from '../../packages/dashboard/test/harness.ts'
import { missingRedis, startRedis } from '../services/redis.ts'

test.skipIf(missingRedis() !== undefined)(
  'what a client library says of an outage is told as what it means',
  async () => {
    const server = await startRedis([], true)
    const app = memoryApp({ adapters: [redis()], broker: server.url })
    onTestFinished(() => server.stop())
    const dashboard = openDashboard(app)
    const events = new Events(await ask(dashboard, 'api/live?get=overview'))
    await events.next(({ data }) => data !== undefined)
    await server.kill?.()
    const { problem } = await events.next((message) => 'problem' in message)
    expect(problem).toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining('redis does not answer'),
      fix: expect.stringContaining('TQ_BROKER_URL'),
    })
    const pressed = await press(dashboard, 'pause-queue', { queue: 'default' })
    expect([pressed.status, (await pressed.json()) as unknown]).toMatchObject([
      503,
      { code: 'BROKER_UNREACHABLE' },
    ])
    const before = events.messages.length
    await server.start?.()
    await until(() => events.messages.slice(before).some(({ data }) => data !== undefined), 10_000)
    await events.close()
  },
)
