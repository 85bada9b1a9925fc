import { brokerSuite, runSuite } from '@tq/conformance'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { harness } from './harness.ts'
import { message, Service, take } from './service.ts'
import { startSqs } from './services/fauxqs.ts'
import { type OwnSqs, startOwnSqs } from './services/own.ts'

let own: OwnSqs
let service: Service | undefined
beforeAll(async () => {
  own = await startOwnSqs()
})
afterAll(() => own.stop())
afterEach(() => service?.close())

const options = '&ordering=fifo&priorities=1'

/** What a FIFO queue cannot do is a delay of a message, also of one that is given back out of its order. */
const delays = /^delay\/|^nack\/delay|^priority\/a-due|^reopen\/messages-outlive|^admin\/|^restart\//

const full = process.env['TQ_TEST_TIER'] === 'full'

test.each([
  { name: 'as documented', start: async () => own },
  ...(full ? [{ name: 'fauxqs', start: startSqs }] : []),
])('the contract holds on FIFO queues, delays aside ($name)', { timeout: 180_000 }, async ({ start }) => {
  const running = await start()
  const fifo = harness({
    name: 'sqs-fifo',
    start: async () => ({ ...running, stop: async () => {} }),
    options,
  })
  const suite = brokerSuite(fifo)
  const only = suite.cases.map(({ id }) => id).filter((id) => !delays.test(id))
  const { failed, passed } = await runSuite(suite, { only, concurrency: 24 })
  await suite.dispose()
  if (running !== own) await running.stop()
  expect(failed).toEqual([])
  expect(passed).toContain('ordering/one-group-in-publish-order')
  expect(passed).toContain('ordering/each-group-for-itself')
  expect(passed).toContain('expiry/no-count-is-undefined')
})

test('a delay of a message is refused by name', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker(options)
  await broker.declare({ name: 'q' })
  const [refused, accepted] = await broker.publish('q', [message({ delayMs: 1_000 }), message()])
  expect(refused).toMatchObject({ rejected: 'limit', reason: expect.stringContaining('FIFO') })
  expect(accepted).toBe('accepted')
})

test('of a group one is handed out at a time, and one that comes again comes first', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker(options)
  await broker.declare({ name: 'q' })
  const sent = ['a1', 'a2', 'a3', 'b1', 'b2'].map((id) => message({ id, group: id.slice(0, 1) }))
  await broker.publish('q', sent)
  const receiver = await broker.openReceiver('q', { leaseMs: 30_000, prefetch: 10 })
  const none = { max: 10, waitMs: 0, signal: new AbortController().signal }
  const [a1, b1, ...more] = await take(receiver, 2)
  expect([a1?.message.id, b1?.message.id, ...more]).toEqual(['a1', 'b1'])
  // SQS gave all of them at once.
  expect(await receiver.receive(none)).toEqual([])
  expect(await receiver.ack(b1 ? [b1.lease] : [])).toEqual(['ok'])
  const [b2] = await take(receiver, 1)
  expect(b2?.message.id).toBe('b2')
  expect(await receiver.nack(a1 ? [a1.lease] : [], { delayMs: 1_000 })).toEqual(['ok'])
  for (const id of ['a1', 'a2', 'a3']) {
    const [next] = await take(receiver, 1)
    expect(next?.message.id).toBe(id)
    expect(await receiver.receive(none)).toEqual([])
    expect(await receiver.ack(next ? [next.lease] : [])).toEqual(['ok'])
  }
})

test('what is given back keeps its place, before or after a while', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker(options)
  await broker.declare({ name: 'q' })
  const receiver = await broker.openReceiver('q', { leaseMs: 30_000, prefetch: 1 })
  await broker.publish('q', [message({ id: '1', group: 'g' }), message({ id: '2', group: 'g' })])
  for (const delayMs of [0, 1_000]) {
    const [first] = await take(receiver, 1)
    expect(first?.message.id).toBe('1')
    const from = performance.now()
    expect(await receiver.nack(first ? [first.lease] : [], { delayMs })).toEqual(['ok'])
    const [again] = await take(receiver, 1)
    expect(again?.message.id).toBe('1')
    expect(performance.now() - from).toBeGreaterThanOrEqual(delayMs)
    await receiver.nack(again ? [again.lease] : [], { delayMs: 0 })
  }
})
