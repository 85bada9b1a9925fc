import { expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../src/driver.ts'
import { createApp, type } from '../src/index.ts'
import { createVirtualClock } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// A service that takes ten messages a call and a second for it, as a slow SQS: forty a second and queue.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const callMs = 1_000

/** @param answers whether this call, counted from 0, is answered at all */
function slow(answers: (call: number) => boolean) {
  const clock = createVirtualClock()
  const taken = new Set<string>()
  let calls = 0
  const publish =
    (original: Broker['publish']): Broker['publish'] =>
    async (queue, messages) => {
      const answered = answers(calls++)
      await new Promise<void>((resolve) => clock.setTimer(answered ? callMs : 10 * 60_000, resolve))
      for (const { id } of messages) taken.add(id)
      return original(queue, messages)
    }
  const app = createApp({
    broker: 'memory:',
    backend: false,
    adapters: [tampered({ capabilities: { maxBatch: 10 }, publish })],
    publishTimeout: '3s',
    logger: quiet,
    clock,
  })
  onTestFinished(() => app.close())
  const task = app.task({ name: 'task', input: type<number>(), run: () => {} })
  const startedAt = clock.monotonic()
  /** What became of it, and after how long. */
  const ended = (sending: Promise<unknown>) =>
    sending.then(
      () => ({ code: 'sent', afterMs: clock.monotonic() - startedAt }),
      (error: { code: string }) => ({ code: error.code, afterMs: clock.monotonic() - startedAt }),
    )
  return { clock, taken, task, ended }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

test('many tasks may take longer than the time-out, as long as some get through', async () => {
  const { clock, taken, task, ended } = slow(() => true)
  const sent = ended(task.delayMany(numbers(1_000)))
  await clock.advance(60_000)
  expect(await sent).toMatchObject({ code: 'sent' })
  expect(taken.size).toBe(1_000)
})

test('so may those that wait in line behind them', async () => {
  const { clock, task, ended } = slow(() => true)
  const sent = numbers(400).map((n) => ended(task.delay(n)))
  await clock.advance(60_000)
  const codes = (await Promise.all(sent)).map(({ code }) => code)
  expect(new Set(codes)).toEqual(new Set(['sent']))
})

test('when nothing gets through any more, that is told after the time-out', async () => {
  const { clock, task, ended } = slow((call) => call < 40)
  const sent = ended(task.delayMany(numbers(1_000)))
  await clock.advance(60_000)
  const { code, afterMs } = await sent
  expect(code).toBe('PUBLISH_UNKNOWN')
  // Ten seconds of calls that are answered, four at a time.
  expect(afterMs).toBeGreaterThanOrEqual(12_000)
  expect(afterMs).toBeLessThan(15_000)
})

test('a single call that is not answered is repeated, and the others are not lost for it', async () => {
  const { clock, taken, task, ended } = slow((call) => call !== 1)
  const sent = ended(task.delayMany(numbers(1_000)))
  await clock.advance(60_000)
  expect(await sent).toMatchObject({ code: 'sent' })
  expect(taken.size).toBe(1_000)
})
