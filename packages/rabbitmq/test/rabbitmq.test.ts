import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, type Delivery, type OutboundMessage, type Receiver, systemClock } from '@tq/core/driver'
import { type Channel, type ConfirmChannel, connect } from 'amqplib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { keeps } from '../src/delay-check.ts'
import { adapter } from '../src/index.ts'
import { type NetworkProxy, startProxy } from './services/proxy.ts'
import { missingRabbit, startRabbit, type TestRabbit } from './services/rabbitmq.ts'

const missing = missingRabbit()
const signal = new AbortController().signal
/** Faults need a server of our own. */
let server: TestRabbit
const opened: { close(): unknown }[] = []

beforeAll(async () => {
  if (!missing) server = await startRabbit({ settings: ['max_message_size = 2000000'] })
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})
afterAll(async () => await server?.stop())

/** A broker of a namespace of its own, or of one that is given. */
async function open(options: { readonly url?: string; readonly namespace?: string } = {}): Promise<Broker> {
  const { url = server.url, namespace = `t${randomUUID().slice(0, 8)}` } = options
  const broker = adapter.createBroker?.(url, { namespace, clock: systemClock })
  if (!broker) throw new Error('the adapter makes no broker')
  opened.push(broker)
  await broker.open()
  return broker
}

async function raw(): Promise<ConfirmChannel> {
  const model = await connect(server.url, { noDelay: true })
  model.on('error', () => {})
  opened.push(model)
  return await model.createConfirmChannel()
}

async function through(): Promise<{ readonly proxy: NetworkProxy; readonly url: string }> {
  const proxy = await startProxy(Number(new URL(server.url).port))
  opened.push(proxy)
  return { proxy, url: `amqp://127.0.0.1:${proxy.port}` }
}

function message(parts: Partial<OutboundMessage> = {}): OutboundMessage {
  const id = parts.id ?? randomUUID()
  return { id, body: Buffer.from(id), headers: {}, ...parts }
}

const receiverOf = (broker: Broker, prefetch = 100): Promise<Receiver> =>
  broker.openReceiver('q', { leaseMs: 30_000, prefetch })

const receive = (receiver: Receiver, waitMs = 5_000, max = 100): Promise<readonly Delivery[]> =>
  receiver.receive({ max, waitMs, signal })

const idsOf = (deliveries: readonly Delivery[]): readonly string[] => deliveries.map((one) => one.message.id)

/** As the runtime does: opens a receiver until one brings something. */
async function consume(broker: Broker, within = 20_000): Promise<readonly Delivery[]> {
  const deadline = performance.now() + within
  for (;;) {
    try {
      const deliveries = await receive(await receiverOf(broker), 500)
      if (deliveries.length > 0) return deliveries
    } catch (error) {
      expect(broker.classify(error), String(error)).toBe('connection')
    }
    if (performance.now() > deadline) throw new Error(`nothing came within ${within} ms`)
    await sleep(50)
  }
}

async function until(look: () => Promise<boolean> | boolean, within = 10_000): Promise<number> {
  const start = performance.now()
  while (!(await look())) {
    if (performance.now() - start > within) throw new Error(`did not happen within ${within} ms`)
    await sleep(20)
  }
  return performance.now() - start
}

const ready = async (channel: Channel, name: string): Promise<number> =>
  (await channel.checkQueue(name)).messageCount

describe.skipIf(missing)(`with a server${missing ? ` (${missing})` : ''}`, { timeout: 60_000 }, () => {
  describe('delays', () => {
    test('are as long as asked for, the shortest too', async () => {
      const broker = await open()
      await broker.declare({ name: 'q' })
      const receiver = await receiverOf(broker)
      const start = performance.now()
      const delays = [1, 50, 51, 120, 333, 1_000, 2_345]
      await broker.publish(
        'q',
        delays.map((delayMs) => message({ id: String(delayMs), delayMs })),
      )
      const sent = performance.now()
      for (let seen = 0; seen < delays.length; ) {
        for (const { message: received, lease } of await receive(receiver)) {
          const delayMs = Number(received.id)
          const took = performance.now()
          expect(took - start, `a delay of ${delayMs} ms`).toBeGreaterThanOrEqual(delayMs)
          // Rounded up to 50 ms and a twentieth, and some ms from queue to queue.
          expect(took - sent, `a delay of ${delayMs} ms`).toBeLessThan(delayMs * 1.05 + 300)
          await receiver.ack([lease])
          seen++
        }
      }
    })

    test('ten in a row', async () => {
      const broker = await open()
      await broker.publish('q', [message({ id: 'patient' })])
      const receiver = await receiverOf(broker)
      for (let round = 0; round < 10; round++) {
        const [delivery] = await receive(receiver)
        expect(delivery).toMatchObject({ message: { id: 'patient' }, deliveryCount: 1 })
        expect(await receiver.nack(delivery ? [delivery.lease] : [], { delayMs: 100 })).toEqual(['ok'])
      }
      expect(idsOf(await receive(receiver))).toEqual(['patient'])
    })

    test('that the server loses nothing on the way is seen, and that it would is seen too', async () => {
      const channel = await raw()
      expect(await keeps(channel)).toBe(true)
      expect(await keeps(channel, { 'x-dead-letter-strategy': 'at-most-once' })).toBe(false)
    })

    test('a queue made anew is found by what waited for it', async () => {
      const broker = await open({ namespace: 'anew' })
      await broker.publish('q', [message({ id: 'waits', delayMs: 400 })])
      const channel = await raw()
      for (const part of ['high', 'normal', 'low', 'suspect']) await channel.deleteQueue(`tq.anew.q.${part}`)
      await broker.declare({ name: 'q' })
      expect(idsOf(await consume(broker))).toEqual(['waits'])
    })
  })

  describe('receiving', () => {
    test('what nobody asks for goes to others, and is no lost lease', async () => {
      const broker = await open()
      await broker.declare({ name: 'q' })
      const [busy, idle] = [await receiverOf(broker), await receiverOf(await open({ namespace: 'x' }))]
      await idle.close()
      // It waits with consumers for one task, and gets one of each band.
      const waiting = receive(busy, 5_000, 1)
      await sleep(100)
      await broker.publish('q', [message({ priority: 9 }), message(), message({ priority: 0 })])
      expect((await waiting).length).toBe(1)
      const other = await receiverOf(broker)
      const rest: Delivery[] = []
      await until(async () => rest.push(...(await receive(other, 200))) >= 2)
      expect(rest.map(({ deliveryCount }) => deliveryCount)).toEqual([1, 1])
    })

    test('many at once, once each', async () => {
      const broker = await open()
      const sent = Array.from({ length: 5_000 }, () => message())
      for (let at = 0; at < sent.length; at += 1_000) await broker.publish('q', sent.slice(at, at + 1_000))
      const receiver = await receiverOf(broker, 300)
      const seen = new Set<string>()
      let times = 0
      while (seen.size < sent.length) {
        const deliveries = await receive(receiver, 2_000, 300)
        for (const id of idsOf(deliveries)) seen.add(id)
        times += deliveries.length
        const settled = await receiver.ack(deliveries.map(({ lease }) => lease))
        expect(settled.every((one) => one === 'ok')).toBe(true)
      }
      expect(times).toBe(sent.length)
    })

    test('holding thousands unsettled, as a look through dead letters does', async () => {
      const broker = await open()
      await broker.publish(
        'q.dead',
        Array.from({ length: 1_000 }, () => message()),
      )
      await broker.publish(
        'q.dead',
        Array.from({ length: 1_000 }, () => message()),
      )
      const receiver = await broker.openReceiver('q.dead', { leaseMs: 1_000, prefetch: 10_000 })
      const held: Delivery[] = []
      for (let part = await receive(receiver); part.length > 0; part = await receive(receiver, 300))
        held.push(...part)
      expect(new Set(idsOf(held)).size).toBe(2_000)
      const back = await receiver.nack(
        held.slice(0, 1_000).map(({ lease }) => lease),
        { delayMs: 0 },
      )
      expect(back.every((one) => one === 'ok')).toBe(true)
      const again = await receive(receiver)
      expect(again[0]).toMatchObject({ deliveryCount: 1, message: { id: held[0]?.message.id } })
    })
  })

  describe('poison', () => {
    test('after two lost leases it waits apart, and its neighbours are not lost with it', async () => {
      const namespace = 'poison'
      const [broker, channel] = [await open({ namespace }), await raw()]
      await broker.publish('q', [message({ id: 'bad' })])
      for (let death = 0; death < 2; death++) {
        const { proxy, url } = await through()
        expect(idsOf(await consume(await open({ url, namespace })))).toEqual(['bad'])
        proxy.cut()
      }
      const receiver = await receiverOf(broker)
      await until(async () => {
        const [delivery] = await receive(receiver, 100)
        if (!delivery) return false
        expect(delivery).toMatchObject({ message: { id: 'bad' }, deliveryCount: 3 })
        return true
      })
      await receiver.close()
      await until(async () => (await ready(channel, 'tq.poison.q.suspect')) === 1)
      // Two suspects: one is held at a time.
      await broker.publish('q', [message({ id: 'good' })])
      const held = await consume(broker)
      expect(idsOf(held).toSorted()).toEqual(['bad', 'good'])
    })

    test('what comes back too often ends among the dead letters', async () => {
      const [broker, channel] = [await open({ namespace: 'often' }), await raw()]
      await broker.declare({ name: 'q' })
      await broker.declare({ name: 'q.dead' })
      await broker.publish('q', [message({ id: 'boomerang' })])
      for (;;) {
        const got = await channel.get('tq.often.q.normal')
        if (!got) break
        channel.nack(got, false, true)
      }
      await until(async () => (await ready(channel, 'tq.often.q.dead')) === 1)
      const receiver = await broker.openReceiver('q.dead', { leaseMs: 1_000, prefetch: 1 })
      expect(idsOf(await receive(receiver))).toEqual(['boomerang'])
    })
  })

  describe('an alarm', () => {
    test('refuses what is sent, and what is held can be finished', async () => {
      const broker = await open()
      await broker.publish(
        'q',
        Array.from({ length: 3 }, () => message()),
      )
      const receiver = await receiverOf(broker)
      const held = await receive(receiver)
      await server.ctl?.('set_vm_memory_high_watermark', '0')
      try {
        const refused = async () => {
          try {
            const [outcome] = await broker.publish('q', [message({ id: 'refused' })])
            expect(outcome).not.toBe('accepted')
            return typeof outcome === 'object' && outcome.rejected === 'blocked'
          } catch (error) {
            expect(broker.classify(error)).toBe('connection')
            return false
          }
        }
        expect(await until(refused)).toBeLessThan(5_000)
        for (let again = 0; again < 5; again++) expect(await refused()).toBe(true)
        expect(await receiver.ack(held.slice(0, 2).map(({ lease }) => lease))).toEqual(['ok', 'ok'])
        // It cannot be copied now; so it is returned, and not lost.
        expect(
          await receiver.nack(
            held.slice(2).map(({ lease }) => lease),
            { delayMs: 0 },
          ),
        ).toEqual(['ok'])
      } finally {
        await server.ctl?.('set_vm_memory_high_watermark', '0.6')
      }
      const accepted = async () => {
        const [outcome] = await broker.publish('q', [message({ id: 'accepted' })]).catch(() => ['unknown'])
        return outcome === 'accepted'
      }
      expect(await until(accepted)).toBeLessThan(5_000)
      // What was refused is nowhere.
      const left = await receive(receiver)
      expect(idsOf(left).toSorted()).toEqual([held[2]?.message.id, 'accepted'].toSorted())
      expect(await receive(receiver, 300)).toEqual([])
    })
  })

  describe('a connection', () => {
    test('that is cut while messages are on their way: each has an outcome at once', async () => {
      const { proxy, url } = await through()
      const [broker, channel] = [await open({ url, namespace: 'cut' }), await raw()]
      await broker.declare({ name: 'q' })
      const sending = Array.from({ length: 5 }, () =>
        broker.publish(
          'q',
          Array.from({ length: 500 }, () => message({ body: Buffer.alloc(10_000) })),
        ),
      )
      await until(async () => (await ready(channel, 'tq.cut.q.normal')) > 0)
      proxy.cut()
      const cutAt = performance.now()
      const outcomes = (await Promise.allSettled(sending)).flatMap((one) =>
        one.status === 'fulfilled' ? one.value : [],
      )
      expect(performance.now() - cutAt).toBeLessThan(1_000)
      expect(outcomes).toContain('unknown')
    })

    test('into a black hole is noticed within seconds', async () => {
      const { proxy, url } = await through()
      const broker = await open({ url })
      await broker.publish('q', [message({ id: 'held' })])
      const receiver = await receiverOf(broker)
      const [held] = await receive(receiver)
      proxy.blackHole()
      const start = performance.now()
      const publishing = broker.publish('q', [message({ id: 'sent' })])
      const [outcome] = await publishing.catch(() => ['unknown'])
      expect(outcome).toBe('unknown')
      await until(async () => (await receiver.extend(held ? [held.lease] : []))[0] === 'lost')
      expect(performance.now() - start).toBeLessThan(6_000)
      proxy.heal()
      expect(idsOf(await consume(broker))).toContain('held')
    })

    test('closed by an operator: consuming again', async () => {
      const broker = await open()
      await broker.publish('q', [message({ id: 'held' })])
      const receiver = await receiverOf(broker)
      await receive(receiver)
      await server.ctl?.('close_all_connections', 'by a test')
      const start = performance.now()
      expect(idsOf(await consume(broker))).toEqual(['held'])
      expect(performance.now() - start).toBeLessThan(5_000)
    })

    test('fifty outages: consuming again each time', async () => {
      const { proxy, url } = await through()
      const broker = await open({ url })
      await broker.declare({ name: 'q' })
      const other = await open({ url: server.url, namespace: 'unused' })
      await other.close()
      for (let cycle = 0; cycle < 50; cycle++) {
        const receiver = await receiverOf(broker)
        const waiting = receive(receiver, 30_000).catch(() => [])
        if (cycle % 2 === 0) await sleep(5)
        proxy.cut()
        await waiting
        const start = performance.now()
        const id = `cycle ${cycle}`
        await until(async () => {
          const [outcome] = await broker.publish('q', [message({ id })]).catch(() => ['unknown'])
          return outcome === 'accepted'
        })
        const next = await receiverOf(broker)
        const got = await receive(next)
        expect(idsOf(got)).toContain(id)
        expect(performance.now() - start).toBeLessThan(5_000)
        await next.ack(got.map(({ lease }) => lease))
        await next.close()
      }
    })
  })

  describe('what operators do', () => {
    test('a queue is deleted under its consumer: there again', async () => {
      const broker = await open({ namespace: 'deleted' })
      await broker.declare({ name: 'q' })
      const waiting = receive(await receiverOf(broker), 30_000)
      const channel = await raw()
      await sleep(200)
      await channel.deleteQueue('tq.deleted.q.normal')
      const start = performance.now()
      await expect(waiting.catch((error) => broker.classify(error))).resolves.toBe('connection')
      const next = receiverOf(broker)
      expect(await broker.publish('q', [message({ id: 'after' })])).toEqual(['accepted'])
      expect(idsOf(await receive(await next))).toEqual(['after'])
      expect(performance.now() - start).toBeLessThan(5_000)
    })

    test('a queue with other settings: told with both values, and other queues keep running', async () => {
      const [broker, channel] = [await open({ namespace: 'other' }), await raw()]
      await broker.publish('fine', [message({ id: 'fine' })])
      const receiver = await broker.openReceiver('fine', { leaseMs: 1_000, prefetch: 1 })
      await channel.assertQueue('tq.other.q.low', {
        durable: true,
        arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': 7_000 },
      })
      const error: unknown = await broker.declare({ name: 'q' }).catch((cause: unknown) => cause)
      expect(broker.classify(error)).toBe('config')
      expect(String(error)).toMatch(
        /inequivalent arg 'x-.*' for queue 'tq.other.q.low'.*received.*current is/s,
      )
      expect(idsOf(await receive(receiver))).toEqual(['fine'])
    })

    test('a smaller limit on messages: the large one is refused, the others are told apart', async () => {
      const broker = await open()
      await broker.declare({ name: 'q' })
      const outcomes = await broker.publish('q', [message({ body: Buffer.alloc(3_000_000) })])
      expect(outcomes).toMatchObject([{ rejected: 'limit', reason: expect.stringContaining('2000000') }])
      expect(await broker.publish('q', [message()])).toEqual(['accepted'])
    })

    test('few permissions are enough', async () => {
      await server.ctl?.('add_user', 'few', 'few')
      const rights = [
        '^tq\\.(v1\\.delay|few)\\.',
        '^(amq\\.default$|tq\\.(v1\\.delay|few)\\.)',
        '^tq\\.(v1\\.delay|few)\\.',
      ]
      await server.ctl?.('set_permissions', 'few', ...rights)
      const url = server.url.replace('//', '//few:few@')
      const broker = await open({ url, namespace: 'few' })
      await broker.publish('q', [message({ id: 'now' }), message({ id: 'later', delayMs: 100 })])
      const seen: string[] = []
      const receiver = await receiverOf(broker)
      await until(async () => seen.push(...idsOf(await receive(receiver, 500))) >= 2)
      const stranger = await open({ url, namespace: 'stranger' })
      const error: unknown = await stranger.declare({ name: 'q' }).catch((cause: unknown) => cause)
      expect(stranger.classify(error)).toBe('permission')
    })

    test('wrong credentials and a missing virtual host are told', async () => {
      const code = async (url: string) => {
        const broker = adapter.createBroker?.(url, { namespace: 'x', clock: systemClock })
        const error: unknown = await broker?.open().catch((cause: unknown) => cause)
        await broker?.close()
        return broker?.classify(error)
      }
      expect(await code(server.url.replace('//', '//nobody:wrong@'))).toBe('permission')
      expect(await code(`${server.url}/nowhere`)).toBe('config')
      expect(await code('amqp://127.0.0.1:1')).toBe('connection')
    })
  })
})
