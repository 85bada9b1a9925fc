// What a server says instead of an answer: nothing is lost for it, and a waiting receiver goes on soon after it is over.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, type OutboundMessage, type PublishOutcome, systemClock } from '@tq/core/driver'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { missingRedis, startRedis, type TestRedis } from '../../../test/services/redis.ts'
import { adapter } from '../src/index.ts'

const missing = missingRedis()
const signal = new AbortController().signal
const againWithinMs = 5_000
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function serve(...flags: readonly string[]) {
  const server = await startRedis(flags, true)
  const client = new Redis(server.url)
  client.on('error', () => {})
  const broker = adapter.createBroker?.(server.url, { namespace: 'test', clock: systemClock }) as Broker
  opened.push({ close: () => server.stop() }, { close: () => client.disconnect() }, broker)
  await broker.open()
  const receiver = await broker.openReceiver('q', { leaseMs: 30_000, prefetch: 10 })
  return { server, client, broker, receiver }
}

const message = (id: string): OutboundMessage => ({ id, body: Buffer.from(id), headers: {} })

/** The first outcome that is not `accepted`; how it is classified where nothing was sent at all. */
async function refused(broker: Broker): Promise<PublishOutcome | string> {
  for (;;) {
    const [outcome] = await broker
      .publish('q', [message('x')])
      .catch((error: unknown) => [broker.classify(error)])
    if (outcome !== undefined && outcome !== 'accepted') return outcome
    await sleep(5)
  }
}

/** Sends until it is accepted, and waits for it: how long both took. */
async function goesOn(broker: Broker, waiting: Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (;;) {
    const [outcome] = await broker.publish('q', [message('after')]).catch(() => ['away'])
    if (outcome === 'accepted') break
    await sleep(10)
  }
  await waiting
  return performance.now() - start
}

describe.skipIf(missing)(
  `replies of the server${missing ? ` (${missing})` : ''}`,
  { timeout: 30_000 },
  () => {
    test('READONLY: a master that became a replica, and is a master again', async () => {
      const { client, broker, receiver } = await serve()
      const waiting = receiver.receive({ max: 1, waitMs: 20_000, signal })
      await client.call('replicaof', '127.0.0.1', '1')
      expect(await refused(broker)).toMatchObject({ rejected: 'connection' })
      await sleep(500)
      await client.call('replicaof', 'no', 'one')
      expect(await goesOn(broker, waiting)).toBeLessThan(againWithinMs)
      expect((await waiting).length).toBe(1)
    })

    test('UNBLOCKED: whoever waits is sent away', async () => {
      const { client, broker, receiver } = await serve()
      const waiting = receiver.receive({ max: 1, waitMs: 20_000, signal })
      let unblocked = 0
      while (unblocked === 0) {
        const list = String(await client.client('LIST'))
        const id = /id=(\d+)[^\n]*cmd=bzpopmin/.exec(list)?.[1]
        if (id) unblocked = (await client.call('client', 'unblock', id, 'error')) as number
      }
      expect(await goesOn(broker, waiting)).toBeLessThan(againWithinMs)
    })

    test("BUSY: somebody's script takes long", async () => {
      const { server, client, broker, receiver } = await serve()
      await client.config('SET', 'lua-time-limit', '50')
      const waiting = receiver.receive({ max: 1, waitMs: 20_000, signal })
      const busy = new Redis(server.url)
      opened.push({ close: () => busy.disconnect() })
      const endless = busy.eval('while true do end', 0).catch(() => {})
      expect(await refused(broker)).toMatchObject({ rejected: 'connection' })
      await sleep(500)
      await client.script('KILL')
      await endless
      expect(await goesOn(broker, waiting)).toBeLessThan(againWithinMs)
    })

    test('LOADING: it reads its file, and is asked meanwhile', async () => {
      const slow = ['--key-load-delay', '400', '--loading-process-events-interval-bytes', '1024']
      const { server, client, broker, receiver } = await serve('--appendonly', 'yes', ...slow)
      const keys = Array.from({ length: 1_500 }, (_, n) => [`k${n}`, 'x'.repeat(50)])
      await client.mset(...keys.flat())
      await client.bgrewriteaof()
      await waitFor(async () => /aof_rewrite_in_progress:0/.test(await client.info('persistence')))
      const waiting = receiver.receive({ max: 1, waitMs: 20_000, signal })
      await server.kill?.()
      const starting = server.start?.()
      expect(await saysLoading(server)).toBe(true)
      await starting
      expect(await goesOn(broker, waiting)).toBeLessThan(againWithinMs)
    })
  },
)

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}

async function saysLoading({ url }: TestRedis): Promise<boolean> {
  const client = new Redis(url, { enableReadyCheck: false, retryStrategy: () => 10 })
  client.on('error', () => {})
  const said = await client.get('k1').then(
    () => '',
    (error: Error) => error.message,
  )
  client.disconnect()
  return said.includes('LOADING')
}
