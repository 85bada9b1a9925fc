import { randomUUID } from 'node:crypto'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { type Broker, type Receiver, systemClock } from '@tq/core/driver'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { missingRedis, startRedis } from '../../../test/services/redis.ts'
import { adapter } from '../src/index.ts'
import { createKeeper } from '../src/keeper.ts'
import { Keys } from '../src/keys.ts'

const missing = missingRedis()
const { signal } = new AbortController()
const leaseMs = 400

/** What a test opened; closed when it ends. */
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

async function connect(): Promise<{ broker: Broker; client: Redis }> {
  const server = await startRedis([], true)
  const client = new Redis(server.url)
  const broker = adapter.createBroker?.(server.url, { namespace: 'test', clock: systemClock })
  if (!broker) throw new Error('the adapter makes no broker')
  opened.push({ close: () => server.stop() }, { close: () => client.disconnect() }, broker)
  await broker.open()
  return { broker, client }
}

async function holding(broker: Broker, queue: string, count: number) {
  const ids = Array.from({ length: count }, () => randomUUID())
  await broker.publish(
    queue,
    ids.map((id) => ({ id, body: Buffer.from(id), headers: {} })),
  )
  const receiver = await broker.openReceiver(queue, { leaseMs, prefetch: 100 })
  const held = await receiver.receive({ max: count, waitMs: 5_000, signal })
  expect(held).toHaveLength(count)
  return { receiver, held, ids }
}

/** All that comes within some leases' time. */
async function collect(receiver: Receiver, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let round = 0; round < 20 && ids.length < count; round++) {
    const deliveries = await receiver.receive({ max: 50, waitMs: leaseMs, signal })
    ids.push(...deliveries.map(({ message }) => message.id))
    await receiver.ack(deliveries.map(({ lease }) => lease))
  }
  return ids.sort()
}

describe.skipIf(missing)(`leases on Redis${missing ? ` (${missing})` : ''}`, () => {
  test('a keeper that comes late revives nothing that its receiver has given up', {
    timeout: 60_000,
  }, async () => {
    const { broker } = await connect()
    const rounds = Array.from({ length: 40 }, async (_, n) => {
      const { receiver, held } = await holding(broker, `q-${n}`, 1)
      const lease = held[0]?.lease
      if (!lease) throw new Error('nothing was leased')
      const keeper = createKeeper(structuredClone(receiver.keeper?.data))
      // Connected, and then late, as the keeper's thread is on a busy machine.
      await keeper.extend()
      await sleep(leaseMs + 50)
      const again = receiver.receive({ max: 1, waitMs: 0, signal })
      const extend = () => void keeper.extend().catch(() => {})
      for (let n = 0; n < 50; n++) {
        extend()
        await setImmediate()
      }
      const keeping = setInterval(extend, leaseMs / 4)
      const early = await again
      const owns = early.length === 0 && (await receiver.extend([lease]))[0] === 'ok'
      const back = owns ? early : [...early, ...(await receiver.receive({ max: 1, waitMs: 5_000, signal }))]
      clearInterval(keeping)
      await keeper.close()
      await receiver.close()
      return owns || back.length === 1
    })
    expect(await Promise.all(rounds)).toEqual(rounds.map(() => true))
  })

  test('a server that forgot its last moment: nothing stays with a receiver that knows nothing of it', {
    timeout: 60_000,
  }, async () => {
    const { broker, client } = await connect()
    const keys = new Keys('test').queue('q')
    const { receiver, held, ids } = await holding(broker, 'q', 6)
    const heldKey = (await client.keys(`${keys.heldPrefix}*`))[0] ?? ''
    const before = await client.hgetallBuffer(heldKey)
    // Settled and told so; then the server comes back without it, as after a crash or on another node.
    await receiver.ack(held.slice(0, 4).map(({ lease }) => lease))
    await client.hset(heldKey, before)
    const keeping = setInterval(() => void receiver.extend(held.map(({ lease }) => lease)), leaseMs / 4)
    expect(await collect(receiver, 6)).toEqual([...ids].sort())
    clearInterval(keeping)
  })

  test('a server that forgot the last leases: the receiver begins anew', { timeout: 60_000 }, async () => {
    const { broker, client } = await connect()
    const keys = new Keys('test').queue('q')
    const { receiver, held, ids } = await holding(broker, 'q', 2)
    const heldKey = (await client.keys(`${keys.heldPrefix}*`))[0] ?? ''
    const before = await client.hgetallBuffer(heldKey)
    const more = Array.from({ length: 3 }, () => randomUUID())
    await broker.publish(
      'q',
      more.map((id) => ({ id, body: Buffer.from(id), headers: {} })),
    )
    const messages = await client.lrangeBuffer(keys.ready[4] ?? '', 0, -1)
    const later = await receiver.receive({ max: 3, waitMs: 5_000, signal })
    expect(later).toHaveLength(3)
    await client.del(heldKey)
    await client.hset(heldKey, before)
    await client.rpush(keys.ready[4] ?? '', ...messages)
    const all = [...held, ...later].map(({ lease }) => lease)
    const keeping = setInterval(() => void receiver.extend(all), leaseMs / 4)
    expect(await collect(receiver, 5)).toEqual([...ids, ...more].sort())
    clearInterval(keeping)
  })
})
