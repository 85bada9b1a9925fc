import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker, Delivery } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { missingOwnRabbit } from './services/rabbitmq.ts'
import { idsOf, message, ready, receive, receiverOf, Stage, until } from './stage.ts'

const missing = missingOwnRabbit()
const stage = new Stage()

const full = process.env['TQ_TEST_TIER'] === 'full'
/** Outages in a row, of those that take seconds each. */
const cycles = full ? 50 : 1
const often = full ? `, ${cycles} times` : ''

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

    test(`into a black hole is noticed within seconds${often}`, { timeout: 60_000 * cycles }, async () => {
      const { proxy, url } = await stage.through()
      const broker = await stage.open({ url })
      for (let cycle = 0; cycle < cycles; cycle++) {
        const id = `held ${cycle}`
        await broker.publish('q', [message({ id })])
        const receiver = await receiverOf(broker)
        let held: Delivery | undefined
        // What was sent into the hole before may come first.
        while (!held) held = (await receive(receiver)).find(({ message: { id: one } }) => one === id)
        proxy.blackHole()
        const start = performance.now()
        const publishing = broker.publish('q', [message({ id: `sent ${cycle}` })])
        const [outcome] = await publishing.catch(() => ['unknown'])
        expect(outcome).toBe('unknown')
        await until(async () => (await receiver.extend([held.lease]))[0] === 'lost')
        expect(performance.now() - start).toBeLessThan(6_000)
        proxy.heal()
        const healed = performance.now()
        await takeUntil(broker, id)
        expect(performance.now() - healed).toBeLessThan(5_000)
      }
    })

    test(`closed by an operator: consuming again${often}`, { timeout: 60_000 * cycles }, async () => {
      const broker = await stage.open()
      for (let cycle = 0; cycle < cycles; cycle++) {
        const id = `held ${cycle}`
        await broker.publish('q', [message({ id })])
        await receive(await receiverOf(broker))
        await stage.ctl('close_all_connections', 'by a test')
        const start = performance.now()
        expect(await takeUntil(broker, id)).toEqual([id])
        expect(performance.now() - start).toBeLessThan(5_000)
      }
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

  test('a queue without a leader takes nothing from the others', async () => {
    const [broker, other] = [await stage.open({ namespace: 'ill' }), await stage.open({ namespace: 'ill' })]
    for (const name of ['ill', 'well']) await broker.declare({ name })
    await other.publish('well', [message({ id: 'held' })])
    await stage.ctl('eval', 'ra:stop_server(quorum_queues, {list_to_atom("%2F_tq.ill.ill.high"), node()}).')
    const hold = async () => {
      const receiver = await broker.openReceiver('well', { leaseMs: 30_000, prefetch: 10 })
      const [held] = await receive(receiver)
      return { receiver, held }
    }
    const before = await hold()
    const asks = async () => {
      const receiver = await broker.openReceiver('ill', { leaseMs: 30_000, prefetch: 10 })
      return await receive(receiver, 100).then(
        () => 'answered',
        (error) => broker.classify(error),
      )
    }
    // The first time nobody knows; from then on it is alone.
    expect(await asks()).toBe('connection')
    const lease = before.held ? [before.held.lease] : []
    expect(await before.receiver.extend(lease)).toEqual(['lost'])
    const after = await hold()
    expect(await asks()).toBe('connection')
    expect(await asks()).toBe('connection')
    expect(await after.receiver.ack(after.held ? [after.held.lease] : [])).toEqual(['ok'])
  })

  test.runIf(full)(
    'the server is killed fifty times: consuming again each time',
    { timeout: 1_800_000 },
    async () => {
      const broker = await stage.open({ namespace: 'killed' })
      await broker.declare({ name: 'q' })
      await sleep(1_500)
      const times: number[] = []
      for (let cycle = 0; cycle < 50; cycle++) {
        const ids = [`held ${cycle}`, `waiting ${cycle}`]
        await broker.publish(
          'q',
          ids.map((id) => message({ id })),
        )
        await receive(await receiverOf(broker), 5_000, 1)
        await stage.server.kill?.()
        await stage.server.start?.()
        const start = performance.now()
        const seen = new Set<string>()
        while (seen.size < 2) for (const id of await take(broker)) seen.add(id)
        times.push(performance.now() - start)
        expect([...seen].toSorted()).toEqual(ids)
      }
      console.log(`consuming again after ${times.map((ms) => Math.round(ms)).join(', ')} ms`)
      expect(Math.max(...times)).toBeLessThan(5_000)
    },
  )
})

/** Takes until that one came; what came, acknowledged. */
async function takeUntil(broker: Broker, id: string): Promise<readonly string[]> {
  const seen = new Set<string>()
  while (!seen.has(id)) for (const one of await take(broker)) seen.add(one)
  return [...seen]
}

/** What is there, acknowledged. */
async function take(broker: Broker): Promise<readonly string[]> {
  try {
    const receiver = await receiverOf(broker)
    const deliveries = await receive(receiver, 200)
    await receiver.ack(deliveries.map(({ lease }) => lease))
    await receiver.close()
    return idsOf(deliveries)
  } catch (error) {
    expect(broker.classify(error)).toBe('connection')
    await sleep(50)
    return []
  }
}
