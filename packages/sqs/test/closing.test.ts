import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, type OnTestFinishedHandler, test } from 'vitest'
import { idsOf, message, Service, take } from './service.ts'
import { missingElasticMq, startElasticMq } from './services/elasticmq.ts'
import { startSqs } from './services/fauxqs.ts'
import { startOwnSqs } from './services/own.ts'

const full = process.env['TQ_TEST_TIER'] === 'full'
const missing = full ? missingElasticMq() : 'in the full tier'
const services = [
  { name: 'fauxqs', start: startSqs },
  { name: 'as documented', start: startOwnSqs },
  ...(missing === undefined ? [{ name: 'ElasticMQ', start: startElasticMq }] : []),
]
if (missing !== undefined) test.skip(`on ElasticMQ (${missing})`)

// Polls are never cancelled: an emulator lets a cancelled one take a message along, and SQS may.
describe.concurrent.each(services)('on $name', ({ start }) => {
  const started = start()
  afterAll(async () => await (await started).stop())

  async function waiting(onTestFinished: (handler: OnTestFinishedHandler) => void) {
    const service = new Service((await started).endpoint)
    onTestFinished(() => service.close())
    const broker = await service.broker()
    await broker.declare({ name: 'q' })
    const receiver = await broker.openReceiver('q', { leaseMs: 30_000, prefetch: 10 })
    // Long enough for polls of two seconds to be under way.
    await receiver.receive({ max: 5, waitMs: 1_500, signal: new AbortController().signal })
    return { broker, receiver, other: await service.broker() }
  }

  test('the poll under way ends by itself, and what it brings is given back at once', {
    timeout: 60_000,
  }, async ({ onTestFinished }) => {
    const { broker, receiver, other } = await waiting(onTestFinished)
    await receiver.close()
    const closing = broker.close()
    await other.publish('q', [message({ id: 'late' })])
    const successor = await other.openReceiver('q', { leaseMs: 30_000, prefetch: 10 })
    const startedAt = performance.now()
    const [delivery] = await take(successor, 1, 20_000)
    const took = performance.now() - startedAt
    // Its lease would have been 30 s.
    expect(delivery).toMatchObject({ message: { id: 'late' }, deliveryCount: 1 })
    expect(took).toBeLessThan(5_000)
    await closing
    expect(performance.now() - startedAt).toBeLessThan(8_000)
  })

  test('what comes when nobody waits any more is given back', { timeout: 60_000 }, async ({
    onTestFinished,
  }) => {
    const { other } = await waiting(onTestFinished)
    await other.publish('q', [message({ id: 'unwanted' })])
    await sleep(1_000)
    const successor = await other.openReceiver('q', { leaseMs: 30_000, prefetch: 10 })
    const back = await take(successor, 1, 10_000)
    expect(idsOf(back)).toEqual(['unwanted'])
    expect(back[0]?.deliveryCount).toBe(1)
  })
})
