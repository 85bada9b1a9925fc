import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '@tq/core/driver'
import { expect, test } from 'vitest'
import { adapter } from '../src/index.ts'
import { messages } from './service.ts'
import { startOwnSqs } from './services/own.ts'
import { sqsUrl } from './services/test-sqs.ts'

/** A moment's wait takes minutes on it: who waits for nothing never comes to an end. */
const slow: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer: (delayMs, ...rest) => systemClock.setTimer(delayMs <= 100 ? delayMs * 3_000 : delayMs, ...rest),
}

// Deletes wait for others to go with them. Where everything that may be held is waiting to be deleted, none come.
test('a full receiver that is asked for more waits for no fuller batch of deletes', {
  timeout: 60_000,
}, async ({ onTestFinished }) => {
  const own = await startOwnSqs()
  onTestFinished(() => own.stop())
  const context = { namespace: `t${randomUUID().slice(0, 8)}`, clock: slow }
  const broker = adapter.createBroker?.(sqsUrl(own.endpoint), context)
  if (!broker) throw new Error('the adapter makes no broker')
  onTestFinished(() => broker.close())
  await broker.open()
  await broker.declare({ name: 'q' })
  // The highest band: a look at others begins with a wait.
  const sent = messages(400).map((one) => ({ ...one, priority: 9 as const }))
  await broker.publish('q', sent)
  const receiver = await broker.openReceiver('q', { leaseMs: 60_000, prefetch: 6 })
  let taken = 0
  while (taken < sent.length) {
    const got = await receiver.receive({ max: 3, waitMs: 10_000, signal: new AbortController().signal })
    taken += got.length
    // As a worker does: it goes on while that is under way.
    if (got.length > 0) receiver.ack(got.map(({ lease }) => lease)).catch(() => {})
  }
  expect(taken).toBe(sent.length)
})
