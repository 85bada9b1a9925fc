import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { missingRabbit } from './services/rabbitmq.ts'
import { consume, idsOf, message, ready, receive, receiverOf, Stage, until } from './stage.ts'

const missing = missingRabbit()
const stage = new Stage()

beforeAll(async () => {
  if (!missing) await stage.start()
})
afterEach(() => stage.closeAll())
afterAll(() => stage.end())

describe.skipIf(missing)(`with a server${missing ? ` (${missing})` : ''}`, { timeout: 60_000 }, () => {
  describe('an alarm', () => {
    test('refuses what is sent, and what is held can be finished', async () => {
      const broker = await stage.open()
      await broker.publish(
        'q',
        Array.from({ length: 3 }, () => message()),
      )
      const receiver = await receiverOf(broker)
      const held = await receive(receiver)
      await stage.ctl('set_vm_memory_high_watermark', '0')
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
        await stage.ctl('set_vm_memory_high_watermark', '0.6')
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
      const { proxy, url } = await stage.through()
      const [broker, channel] = [await stage.open({ url, namespace: 'cut' }), await stage.raw()]
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
      const { proxy, url } = await stage.through()
      const broker = await stage.open({ url })
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
      const broker = await stage.open()
      await broker.publish('q', [message({ id: 'held' })])
      const receiver = await receiverOf(broker)
      await receive(receiver)
      await stage.ctl('close_all_connections', 'by a test')
      const start = performance.now()
      expect(idsOf(await consume(broker))).toEqual(['held'])
      expect(performance.now() - start).toBeLessThan(5_000)
    })

    test('fifty outages: consuming again each time', async () => {
      const { proxy, url } = await stage.through()
      const broker = await stage.open({ url })
      await broker.declare({ name: 'q' })
      const other = await stage.open({ url: stage.server.url, namespace: 'unused' })
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
})
