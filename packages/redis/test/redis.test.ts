import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '@tq/core'
import {
  type Backend,
  type Broker,
  type OutboundMessage,
  systemClock,
  type TaskRecord,
} from '@tq/core/driver'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { missingRedis, startRedis, type TestRedis } from '../../../test/services/redis.ts'
import { adapter, redis } from '../src/index.ts'
import { Keys } from '../src/keys.ts'
import { resolveOptions } from '../src/options.ts'
import { bucketOf } from '../src/places.ts'

const missing = missingRedis()
const signal = new AbortController().signal

/** What a test opened; closed when it ends. */
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function serve(...flags: readonly string[]): Promise<{ server: TestRedis; client: Redis }> {
  const server = await startRedis(flags, true)
  const client = new Redis(server.url)
  client.on('error', () => {})
  opened.push({ close: () => server.stop() }, { close: () => client.disconnect() })
  return { server, client }
}

async function connect(url: string, from = adapter): Promise<{ broker: Broker; backend: Backend }> {
  const context = { namespace: 'test', clock: systemClock }
  const broker = from.createBroker?.(url, context)
  const backend = from.createBackend?.(url, context)
  if (!broker || !backend) throw new Error('the adapter makes no broker or backend')
  opened.push(broker, backend)
  await Promise.all([broker.open(), backend.open()])
  return { broker, backend }
}

function message(parts: Partial<OutboundMessage> = {}): OutboundMessage {
  const id = parts.id ?? randomUUID()
  return { id, body: Buffer.from(id), headers: {}, ...parts }
}

function record(id: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  const fixed = { name: 'task', queue: 'q', generation: 0, attempt: 0, epoch: 0, updatedAt: 0, detail: '{}' }
  return { id, state: 'PENDING', ttlMs: 60_000, markMs: 60_000, ...fixed, ...parts }
}

const leasing = { leaseMs: 30_000, prefetch: 500 }

describe('names', () => {
  const hostile = ['a', 'a:b', '{a}', '}a{', '%7b', 'a%3ab', 'a:d', '0', 'w', '', 'ä', 'a{b}c', 't:a']

  test('distinct namespaces and queues have distinct keys', () => {
    const seen = new Map<string, string>()
    for (const namespace of hostile) {
      for (const name of hostile) {
        const keys = new Keys(namespace)
        const { publishing, leases, heldPrefix } = keys.queue(name)
        const { open, ended } = keys.bucket(bucketOf(name))
        const own = [...publishing, leases, `${heldPrefix}x`, open, ended, keys.watched]
        for (const kind of ['v', 'm', 'j']) own.push(...keys.state(kind, name, '', 'o', 'v'))
        for (const key of own) {
          const owner = key === keys.watched ? namespace : `${namespace}\0${name}`
          expect(seen.get(key) ?? owner, key).toBe(owner)
          seen.set(key, owner)
        }
      }
    }
  })

  test('all keys of a queue have one hash tag, and carry the namespace', () => {
    for (const name of hostile.filter((one) => one !== '')) {
      const { publishing, leases, heldPrefix } = new Keys('app').queue(name)
      const tags = [...publishing, leases, heldPrefix].map((key) => /\{([^}]+)\}/.exec(key)?.[1])
      expect(new Set(tags).size).toBe(1)
      for (const key of publishing) expect(key.startsWith('tq:app:')).toBe(true)
    }
  })
})

describe('URLs', () => {
  const options = (url: string) => {
    const { target } = resolveOptions(url, {})
    return target.kind === 'client' ? {} : target.options
  }

  test('say where and how', () => {
    expect(options('redis://')).toMatchObject({ host: 'localhost', port: 6379, db: 0 })
    expect(options('redis://h:1/2')).toMatchObject({ host: 'h', port: 1, db: 2 })
    expect(options('redis://:p%40ss@h')).toMatchObject({ password: 'p@ss', host: 'h' })
    expect(options('redis://u:p@[::1]:7')).toMatchObject({
      username: 'u',
      password: 'p',
      host: '::1',
      port: 7,
    })
    expect(options('rediss://h')).toMatchObject({ tls: {} })
    expect(options('redis:///run/redis.sock')).toMatchObject({ path: '/run/redis.sock' })
    expect(options('redis+sentinel://a,b:1/main/3')).toMatchObject({
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 1 },
      ],
      name: 'main',
      db: 3,
    })
    expect(resolveOptions('redis+cluster://a:1,b:2', {})).toMatchObject({
      target: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
      store: undefined,
    })
  })

  test('that cannot be meant are refused without showing the password', () => {
    for (const url of [
      'redis://a,b',
      'redis://u:secret@h/x',
      'redis+sentinel://u:secret@h',
      'redis://h?x=1',
    ]) {
      expect(() => resolveOptions(url, {}), url).toThrow(/cannot be used/)
      expect(() => resolveOptions(url, {}), url).not.toThrow(/secret/)
    }
  })
})

describe.skipIf(missing)(`with a server${missing ? ` (${missing})` : ''}`, { timeout: 30_000 }, () => {
  test('few commands: one script per batch, whatever it holds', async () => {
    const { server, client } = await serve()
    const { broker } = await connect(server.url)
    const receiver = await broker.openReceiver('q', leasing)
    const spent = async (tasks: number): Promise<number> => {
      await client.config('RESETSTAT')
      const sent = Array.from({ length: tasks }, () => {
        const one = message()
        return { ...one, record: record(one.id) }
      })
      await broker.publish('q', sent)
      const held = await receiver.receive({ max: tasks, waitMs: 1_000, signal })
      expect(held.length).toBe(tasks)
      const items = held.map(({ lease, message: { id } }) => ({
        lease,
        record: record(id, { state: 'SUCCESS' }),
      }))
      expect(await receiver.commit?.(items)).toEqual(held.map(() => 'ok'))
      const stats = await client.info('commandstats')
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    await spent(1)
    // Sent, leased, committed: once each.
    expect(await spent(1)).toBe(3)
    expect(await spent(100)).toBe(3)
  })

  test('scripts are known again after SCRIPT FLUSH', async () => {
    const { server, client } = await serve()
    const { broker, backend } = await connect(server.url)
    const receiver = await broker.openReceiver('q', leasing)
    await client.script('FLUSH')
    expect(await broker.publish('q', [message()])).toEqual(['accepted'])
    await client.script('FLUSH')
    const [delivery] = await receiver.receive({ max: 1, waitMs: 1_000, signal })
    await client.script('FLUSH')
    expect(await receiver.ack(delivery ? [delivery.lease] : [])).toEqual(['ok'])
    await client.script('FLUSH')
    expect(await backend.results.put([record('a')])).toEqual(['stored'])
  })

  test('out of memory: what is held is kept and finished, and nothing more is accepted', async () => {
    const { server, client } = await serve()
    const { broker } = await connect(server.url)
    const receiver = await broker.openReceiver('q', leasing)
    const ids = Array.from({ length: 20 }, () => randomUUID())
    await broker.publish(
      'q',
      ids.map((id) => message({ id, record: record(id) })),
    )
    const held = await receiver.receive({ max: 10, waitMs: 1_000, signal })
    await client.config('SET', 'maxmemory', '1')
    const [refused] = await broker.publish('q', [message()])
    expect(refused).toMatchObject({ rejected: 'full' })
    const [withRecord] = await broker.publish('q', [message({ id: 'x', record: record('x') })])
    expect(withRecord).toMatchObject({ rejected: 'full' })
    expect(await receiver.extend(held.map(({ lease }) => lease))).toEqual(held.map(() => 'ok'))
    const items = held.map(({ lease, message: { id } }) => ({
      lease,
      record: record(id, { state: 'SUCCESS' }),
    }))
    expect(await receiver.commit?.(items)).toEqual(held.map(() => 'ok'))
    // What was accepted before is still worked off, and given back.
    const more = await receiver.receive({ max: 10, waitMs: 1_000, signal })
    expect(more.length).toBe(10)
    const leases = more.map(({ lease }) => lease)
    expect(await receiver.nack(leases.slice(0, 5), { delayMs: 0 })).toEqual(Array(5).fill('ok'))
    expect(await receiver.ack(leases.slice(5))).toEqual(Array(5).fill('ok'))
    await client.config('SET', 'maxmemory', '0')
    expect(await broker.publish('q', [message()])).toEqual(['accepted'])
  })

  test('a user with few permissions is enough', async () => {
    const { server, client } = await serve()
    const rules =
      'on >pw ~tq:* &tq:* +@read +@write +@scripting +@connection +@pubsub +time -@dangerous +info'
    await client.call('acl', 'setuser', 'tq', ...rules.split(' '))
    const { broker, backend } = await connect(server.url.replace('//', '//tq:pw@'))
    const receiver = await broker.openReceiver('q', leasing)
    const waiting = receiver.receive({ max: 1, waitMs: 5_000, signal })
    await broker.publish('q', [message({ id: 'a', record: record('a') })])
    const [delivery] = await waiting
    const done = record('a', { state: 'SUCCESS' })
    const items = delivery ? [{ lease: delivery.lease, record: done }] : []
    expect(await receiver.commit?.(items)).toEqual(['ok'])
    expect(await backend.results.get(['a'])).toEqual([done])
    expect(await backend.state.acquire('lock', 'me', { limit: 1, ttlMs: 1_000 })).toBeGreaterThan(0)
    expect(await broker.admin?.purge('q')).toBe(0)
  })

  test("settings that may lose tasks reach the application's log", async () => {
    const { server, client } = await serve()
    const warnings = async () => {
      const told: string[] = []
      const quiet = { debug: () => {}, info: () => {}, error: () => {} }
      const logger = { ...quiet, warn: (text: string) => void told.push(text) }
      const app = createApp({ broker: server.url, adapters: [adapter], logger })
      await app.open()
      await app.close()
      return told
    }
    expect(await warnings()).toEqual([expect.stringMatching(/^redis: nothing is written to disk/)])
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await client.config('SET', 'appendonly', 'yes')
    expect(await warnings()).toEqual([expect.stringMatching(/^redis: maxmemory-policy is 'allkeys-lru'/)])
  })

  test('a wrong password is told as such', async () => {
    const { server, client } = await serve()
    await client.config('SET', 'requirepass', 'right')
    const wrong = adapter.createBroker?.(server.url.replace('//', '//:wrong@'), {
      namespace: 'test',
      clock: systemClock,
    })
    const error = await wrong?.open().catch((reason: unknown) => reason)
    expect(wrong?.classify(error)).toBe('permission')
    await wrong?.close()
  })

  test('a connection of the application is used, and left as it is', async () => {
    const { server, client } = await serve()
    const { broker } = await connect('redis:', redis({ client }))
    expect(await broker.publish('q', [message()])).toEqual(['accepted'])
    expect((await broker.admin?.counts('q'))?.ready).toBe(1)
    await broker.close()
    expect(await client.ping()).toBe('PONG')
    expect(server.url).toContain(String(client.options.port))
  })

  test("a connection's prefix comes before every key, and wakes all the same", async () => {
    const { server, client } = await serve()
    const prefixed = new Redis(server.url, { keyPrefix: 'mine:' })
    opened.push({ close: () => prefixed.disconnect() })
    const { broker, backend } = await connect('redis:', redis({ client: prefixed }))
    expect(broker.store).toBe(backend.store)
    expect(broker.store).not.toBe((await connect(server.url)).broker.store)
    const receiver = await broker.openReceiver('q', leasing)
    const waiting = receiver.receive({ max: 1, waitMs: 10_000, signal })
    await sleep(200)
    const start = performance.now()
    await broker.publish('q', [message({ id: 'a', record: record('a') })])
    const [delivery] = await waiting
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(delivery?.verdict).toBe('run')
    await backend.state.put('key', 'value', { ttlMs: 1_000 })
    expect((await client.keys('*')).filter((key) => !key.startsWith('mine:tq:test:'))).toEqual([])
  })

  test('killed and started again: consuming within five seconds, and held leases stay', async () => {
    const { server } = await serve('--appendonly', 'yes', '--appendfsync', 'always')
    const { broker } = await connect(server.url)
    const receiver = await broker.openReceiver('q', leasing)
    await broker.publish('q', [message({ id: 'held' })])
    const [held] = await receiver.receive({ max: 1, waitMs: 1_000, signal })
    const waiting = receiver.receive({ max: 1, waitMs: 20_000, signal })
    await server.kill?.()
    const [lost] = await broker.publish('q', [message()]).catch((error: unknown) => [broker.classify(error)])
    expect(lost).not.toBe('accepted')
    await sleep(1_500)
    await server.start?.()
    const startedAt = performance.now()
    const accepted = async () => {
      for (;;) {
        const [outcome] = await broker.publish('q', [message({ id: 'after' })]).catch(() => ['away'])
        if (outcome === 'accepted') return
        await sleep(20)
      }
    }
    await accepted()
    const [delivery] = await waiting
    expect(delivery?.message.id).toBe('after')
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await receiver.ack(held ? [held.lease] : [])).toEqual(['ok'])
  })

  test('a blocked server: waiting ends in time', async () => {
    const { server, client } = await serve()
    const { broker } = await connect(server.url)
    const receiver = await broker.openReceiver('q', leasing)
    const waiting = receiver.receive({ max: 1, waitMs: 500, signal })
    await sleep(100)
    await client.client('PAUSE', 1_000)
    const startedAt = performance.now()
    await waiting.catch(() => [])
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})
