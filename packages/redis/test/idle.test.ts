// A worker with nothing else to do is given a first message without asking for it again. It must not keep what it does not run.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, type Delivery, type OutboundMessage, type Receiver, systemClock } from '@tq/core/driver'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { startProxy } from '../../../test/services/proxy.ts'
import { missingRedis, startRedis } from '../../../test/services/redis.ts'
import { Connection } from '../src/connection.ts'
import { adapter } from '../src/index.ts'
import { Keys } from '../src/keys.ts'
import { Leasing } from '../src/leasing.ts'
import { resolveOptions } from '../src/options.ts'
import { lease } from '../src/scripts/lease.ts'
import { leave } from '../src/scripts/leave.ts'

const missing = missingRedis()
const { signal } = new AbortController()
/** Whatever is given back only when a lease ends comes too late for these tests. */
const leaseMs = 60_000
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function serve() {
  const server = await startRedis([], true)
  const client = new Redis(server.url)
  opened.push({ close: () => server.stop() }, { close: () => client.disconnect() })
  return { server, client, broker: await open(server.url) }
}

async function open(url: string): Promise<Broker> {
  const broker = adapter.createBroker?.(url, { namespace: 'test', clock: systemClock }) as Broker
  opened.push(broker)
  await broker.open()
  return broker
}

const message = (id: string): OutboundMessage => ({ id, body: Buffer.from(id), headers: {} })

const receiverOf = (broker: Broker): Promise<Receiver> => broker.openReceiver('q', { leaseMs, prefetch: 10 })

const seen = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ message: { id }, deliveryCount }) => [id, deliveryCount])

/** Resolves when that many wait on the server. */
async function untilWaiting(client: Redis, count: number): Promise<void> {
  for (;;) {
    const list = String(await client.client('LIST'))
    if ((list.match(/cmd=bzpopmin/g) ?? []).length === count) return
    await sleep(5)
  }
}

/** How many scripts were called so far. */
async function calls(client: Redis): Promise<number> {
  const stats = await client.info('commandstats')
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}

describe.skipIf(missing)(
  `idle workers on Redis${missing ? ` (${missing})` : ''}`,
  { timeout: 30_000 },
  () => {
    test('a first message is leased by the time its sending is answered', async () => {
      const { client, broker } = await serve()
      // Scripts are known by their hashes once they were called.
      await broker.publish('other', [message('first')])
      const receiver = await receiverOf(broker)
      const waiting = receiver.receive({ max: 10, waitMs: 20_000, signal, idle: true })
      await untilWaiting(client, 1)
      const before = await calls(client)
      await broker.publish('q', [message('a')])
      expect((await broker.admin?.counts('q'))?.leased).toBe(1)
      expect(seen(await waiting)).toEqual([['a', 1]])
      expect((await calls(client)) - before).toBe(2)
      await receiver.close()
    })

    test('a worker that is not idle is only woken', async () => {
      const { client, broker } = await serve()
      await broker.publish('other', [message('first')])
      const receiver = await receiverOf(broker)
      const waiting = receiver.receive({ max: 10, waitMs: 20_000, signal })
      await untilWaiting(client, 1)
      const before = await calls(client)
      await broker.publish('q', [message('a'), message('b')])
      expect(seen(await waiting)).toEqual([
        ['a', 1],
        ['b', 1],
      ])
      expect((await calls(client)) - before).toBe(2)
      await receiver.close()
    })

    test('when nobody waits any more, it goes to somebody else at once, uncharged', async () => {
      const { client, broker } = await serve()
      const [first, second] = [await receiverOf(broker), await receiverOf(broker)]
      const stop = new AbortController()
      const waiting = first.receive({ max: 10, waitMs: 20_000, signal: stop.signal, idle: true })
      await untilWaiting(client, 1)
      stop.abort()
      expect(await waiting).toEqual([])
      await broker.publish('q', [message('a')])
      expect(seen(await second.receive({ max: 10, waitMs: 20_000, signal }))).toEqual([['a', 1]])
      await Promise.all([first.close(), second.close()])
    })

    test('what nobody waits for is given back also when that fails at first', async () => {
      const { server, client, broker } = await serve()
      const first = await receiverOf(await open(`${server.url}?name=first`))
      const stop = new AbortController()
      const waiting = first.receive({ max: 10, waitMs: 20_000, signal: stop.signal, idle: true })
      await untilWaiting(client, 1)
      stop.abort()
      expect(await waiting).toEqual([])
      const list = String(await client.client('LIST'))
      const main = /id=(\d+)[^\n]*name=first:main/.exec(list)?.[1] ?? ''
      await client.client('KILL', 'ID', main)
      await broker.publish('q', [message('a')])
      const second = await receiverOf(broker)
      expect(seen(await second.receive({ max: 10, waitMs: 10_000, signal }))).toEqual([['a', 1]])
      await Promise.all([first.close(), second.close()])
    })

    test('what came although the wait was broken off is handed out', async () => {
      const { client, broker } = await serve()
      const receiver = await receiverOf(broker)
      const waiting = receiver.receive({ max: 10, waitMs: 20_000, signal, idle: true })
      await untilWaiting(client, 1)
      const id = /id=(\d+)[^\n]*cmd=bzpopmin/.exec(String(await client.client('LIST')))?.[1] ?? ''
      await broker.publish('q', [message('other')])
      expect(seen(await waiting)).toEqual([['other', 1]])
      const again = receiver.receive({ max: 10, waitMs: 20_000, signal, idle: true })
      await untilWaiting(client, 1)
      expect(await client.call('client', 'unblock', id, 'error')).toBe(1)
      await broker.publish('q', [message('a')])
      expect(seen(await again)).toEqual([['a', 1]])
      await receiver.close()
    })

    test('what comes while its receiver closes goes to somebody else at once, uncharged', async () => {
      const { client, broker } = await serve()
      for (let round = 0; round < 20; round++) {
        const first = await receiverOf(broker)
        const waiting = first.receive({ max: 10, waitMs: 20_000, signal, idle: true })
        await untilWaiting(client, 1)
        // At the same moment, from another connection: either may be first.
        const sending = broker.publish('q', [message(`m-${round}`)])
        await Promise.all([sending, first.close()])
        const second = await receiverOf(broker)
        const early = await waiting
        const left = early.length > 0 ? early : await second.receive({ max: 10, waitMs: 5_000, signal })
        expect(seen(left)).toEqual([[`m-${round}`, 1]])
        if (early.length === 0) await second.ack(left.map((one) => one.lease))
        await second.close()
      }
    })

    test('an answer that is lost on the wire is given once more', async () => {
      const { server, client, broker } = await serve()
      const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
      opened.push({ close: () => proxy.stop() })
      const receiver = await receiverOf(await open(`redis://127.0.0.1:${proxy.port}`))
      const waiting = receiver.receive({ max: 10, waitMs: 20_000, signal, idle: true })
      await untilWaiting(client, 1)
      proxy.swallow()
      await broker.publish('q', [message('a')])
      expect((await broker.admin?.counts('q'))?.leased).toBe(1)
      proxy.heal()
      expect(seen(await waiting)).toEqual([['a', 1]])
      await receiver.close()
    })

    test('one that left is given nothing that it had asked for before', async () => {
      const { server, client, broker } = await serve()
      const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
      const gone = await receiverOf(await open(`redis://127.0.0.1:${proxy.port}`))
      void gone.receive({ max: 10, waitMs: 20_000, signal, idle: true }).catch(() => {})
      await untilWaiting(client, 1)
      // Its lease has ended, and the server does not know yet that its connections have, too.
      proxy.swallow()
      await client.del('tq:test:{q}:l')
      await broker.publish('q', [message('a')])
      const second = await receiverOf(broker)
      expect(seen(await second.receive({ max: 10, waitMs: 5_000, signal }))).toEqual([['a', 1]])
      await second.close()
      await proxy.stop()
    })

    test('of two answers with the same messages one counts', async () => {
      const { broker, connection, leasing } = await leasingFrom()
      await broker.publish('q', [message('a')])
      const early = leasing.behind()
      const { deliveries } = await leasing.lease(1)
      expect(seen(deliveries)).toEqual([['a', 1]])
      // Begun before, and answered after it.
      const answer = early && (await connection.runWritten(lease, early.call))
      expect(answer).toHaveLength(5)
      expect((await early?.read(answer))?.deliveries).toEqual([])
    })

    test('whoever leaves gives back what it was given and never heard of', async () => {
      const { broker, connection, keys, leasing } = await leasingFrom()
      await broker.publish('q', [message('a')])
      const unheard = leasing.behind()
      expect(unheard && (await connection.runWritten(lease, unheard.call))).toHaveLength(5)
      const { life } = leasing
      const left = [leasing.heldKey(life), keys.leases, keys.wake, ...keys.ready]
      expect(await connection.run(leave, left, [life.id, life.next])).toBe(1)
      const second = await receiverOf(broker)
      expect(seen(await second.receive({ max: 10, waitMs: 5_000, signal }))).toEqual([['a', 1]])
      await second.close()
    })
  },
)

/** What stands behind a receiver, to be called step by step. */
async function leasingFrom() {
  const { server, broker } = await serve()
  const names = new Keys('test')
  const connection = new Connection(resolveOptions(server.url, {}), names, systemClock)
  opened.push(connection)
  await connection.open()
  const keys = names.queue('q')
  const leasing = new Leasing(connection, keys, { leaseMs, prefetch: 10 })
  await leasing.begin()
  return { broker, connection, keys, leasing }
}
