import { setTimeout as sleep } from 'node:timers/promises'
import { type Delivery, systemClock } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { keeps } from '../src/delay-check.ts'
import { adapter } from '../src/index.ts'
import { missingOwnRabbit } from './services/rabbitmq.ts'
import { consume, idsOf, message, ready, receive, receiverOf, Stage, until } from './stage.ts'

const missing = missingOwnRabbit()
const stage = new Stage()

beforeAll(async () => {
  if (!missing) await stage.start('max_message_size = 2000000')
})
afterEach(() => stage.closeAll())
afterAll(() => stage.end())

describe.skipIf(missing)(`with a server${missing ? ` (${missing})` : ''}`, { timeout: 60_000 }, () => {
  describe('delays', () => {
    test('are as long as asked for, the shortest too', async () => {
      const broker = await stage.open()
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
      const broker = await stage.open()
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
      const channel = await stage.raw()
      expect(await keeps(channel)).toBe(true)
      expect(await keeps(channel, { 'x-dead-letter-strategy': 'at-most-once' })).toBe(false)
    })

    test('a queue made anew is found by what waited for it', async () => {
      const broker = await stage.open({ namespace: 'anew' })
      await broker.publish('q', [message({ id: 'waits', delayMs: 400 })])
      const channel = await stage.raw()
      for (const part of ['high', 'normal', 'low', 'suspect']) await channel.deleteQueue(`tq.anew.q.${part}`)
      await broker.declare({ name: 'q' })
      expect(idsOf(await consume(broker))).toEqual(['waits'])
    })
  })

  describe('receiving', () => {
    test('what nobody asks for goes to others, and is no lost lease', async () => {
      const broker = await stage.open()
      await broker.declare({ name: 'q' })
      const [busy, idle] = [await receiverOf(broker), await receiverOf(await stage.open({ namespace: 'x' }))]
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
      const broker = await stage.open()
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
      const broker = await stage.open()
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
      const [broker, channel] = [await stage.open({ namespace }), await stage.raw()]
      await broker.publish('q', [message({ id: 'bad' })])
      for (let death = 0; death < 2; death++) {
        const { proxy, url } = await stage.through()
        expect(idsOf(await consume(await stage.open({ url, namespace })))).toEqual(['bad'])
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
      const [broker, channel] = [await stage.open({ namespace: 'often' }), await stage.raw()]
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

  describe('what operators do', () => {
    test('a queue is deleted under its consumer: there again', async () => {
      const broker = await stage.open({ namespace: 'deleted' })
      await broker.declare({ name: 'q' })
      const waiting = receive(await receiverOf(broker), 30_000)
      const channel = await stage.raw()
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
      const [broker, channel] = [await stage.open({ namespace: 'other' }), await stage.raw()]
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
      const broker = await stage.open()
      await broker.declare({ name: 'q' })
      const outcomes = await broker.publish('q', [message({ body: Buffer.alloc(3_000_000) })])
      expect(outcomes).toMatchObject([{ rejected: 'limit', reason: expect.stringContaining('2000000') }])
      expect(await broker.publish('q', [message()])).toEqual(['accepted'])
    })

    test('few permissions are enough', async () => {
      await stage.ctl('add_user', 'few', 'few')
      const rights = [
        '^tq\\.(v1\\.delay|few)\\.',
        '^(amq\\.default$|tq\\.(v1\\.delay|few)\\.)',
        '^tq\\.(v1\\.delay|few)\\.',
      ]
      await stage.ctl('set_permissions', 'few', ...rights)
      const url = stage.server.url.replace('//', '//few:few@')
      const broker = await stage.open({ url, namespace: 'few' })
      await broker.publish('q', [message({ id: 'now' }), message({ id: 'later', delayMs: 100 })])
      const seen: string[] = []
      const receiver = await receiverOf(broker)
      await until(async () => seen.push(...idsOf(await receive(receiver, 500))) >= 2)
      // Who only sends to queues that are there needs no right to make any.
      await stage.ctl('add_user', 'sender', 'sender')
      await stage.ctl('set_permissions', 'sender', '^$', '^(amq\\.default$|tq\\.)', '^$')
      const senderUrl = stage.server.url.replace('//', '//sender:sender@')
      const sender = await stage.open({ url: senderUrl, namespace: 'few' })
      const sent = await sender.publish('q', [message(), message({ delayMs: 100 })])
      expect(sent).toEqual(['accepted', 'accepted'])
      const stranger = await stage.open({ url, namespace: 'stranger' })
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
      expect(await code(stage.server.url.replace('//', '//nobody:wrong@'))).toBe('permission')
      expect(await code(`${stage.server.url}/nowhere`)).toBe('config')
      expect(await code('amqp://127.0.0.1:1')).toBe('connection')
    })
  })
})
