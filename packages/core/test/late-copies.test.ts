import { expect, onTestFinished, test } from 'vitest'
import type { InboundMessage } from '../src/driver.ts'
import { chain, createApp, createWorker, type PayloadStore, TaskFailure, type } from '../src/index.ts'
import type { AppInternals } from '../src/runtime/app-brand.ts'
import { tampered } from './tamper.ts'

// A service that hands a message out once more after its task has ended, as SQS may: nothing comes of it.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Remembers what was acknowledged, to send it again: without a record, as the service would. */
function copying(payload?: PayloadStore) {
  const received: InboundMessage[] = []
  const acked = new Map<string, number>()
  const app = createApp({
    // Two stores, so that what finishes is settled in steps.
    broker: 'memory:broker',
    backend: 'memory:backend',
    adapters: [
      tampered({
        receiver: (original) => {
          const ids = new WeakMap<object, string>()
          return {
            receive: async (options) => {
              const deliveries = await original.receive(options)
              for (const { lease, message } of deliveries) {
                ids.set(lease, message.id)
                received.push(message)
              }
              return deliveries
            },
            ack: async (leases) => {
              const settlements = await original.ack(leases)
              for (const lease of leases) {
                const id = ids.get(lease) ?? ''
                acked.set(id, (acked.get(id) ?? 0) + 1)
              }
              return settlements
            },
          }
        },
      }),
    ],
    ...(payload ? { payload: { offload: payload, above: 5_000 } } : {}),
    logger: quiet,
  })
  onTestFinished(() => app.close())
  return {
    app,
    acked,
    /** Sends what was received under this id, and waits until the copy is acknowledged, too. */
    again: async (id: string) => {
      const message = received.find((one) => one.id === id)
      if (!message) throw new Error(`${id} was never received`)
      const { broker } = await (app as unknown as AppInternals).runtime.connect()
      await broker.publish('default', [{ ...message, priority: 4 }])
      await until(() => (acked.get(id) ?? 0) >= 2)
    },
  }
}

async function until(check: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!check()) {
    if (performance.now() > deadline) throw new Error('it did not come to be')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('of a step whose next steps were kept elsewhere, and are gone', async () => {
  const kept = new Map<string, Uint8Array>()
  const { app, acked, again } = copying({
    name: 'test',
    maxBytes: 1_000_000,
    open: async () => {},
    close: async () => {},
    put: async (payloads) => payloads.forEach(({ key, body }) => void kept.set(key, body)),
    get: async (names) => names.map(({ key }) => kept.get(key)),
    delete: async (names) => names.forEach(({ key }) => void kept.delete(key)),
    classify: () => 'unknown',
  })
  const gate = Promise.withResolvers<void>()
  const first = app.task({ name: 'first', input: type<number>(), run: (n) => n + 1 })
  const second = app.task({
    name: 'second',
    input: type<{ text: string; n: number }>(),
    run: async ({ n }) => {
      await gate.promise
      return n
    },
  })
  const worker = createWorker(app)
  await worker.start()
  onTestFinished(() => worker.stop({ grace: 0 }).then(() => {}))
  const flow = await chain(first.s(1), second.s({ text: 'x'.repeat(20_000) }, { from: 'n' })).delay()
  await until(() => acked.has(`${flow.id}.0`))
  await until(() => [...kept.keys()].every((key) => !key.startsWith(`${flow.id}.0.`)) && kept.size > 0)
  await again(`${flow.id}.0`)
  gate.resolve()
  expect(await flow.get({ timeout: '10s' })).toBe(2)
})

test('of a task that still runs: the run that ends later is told as lost, not as revoked', async () => {
  const { app, again } = copying()
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let runs = 0
  const task = app.task({ name: 'task', run: () => gates[runs++]?.promise })
  const told: string[] = []
  for (const name of ['started', 'succeeded', 'revoked', 'lost'] as const)
    app.on(name, () => void told.push(name))
  const worker = createWorker(app)
  await worker.start()
  onTestFinished(() => worker.stop({ grace: 0 }).then(() => {}))
  const result = await task.delay()
  await until(() => told.length === 1)
  const copied = again(result.id)
  await until(() => told.length === 2)
  gates[1]?.resolve()
  await result.get({ timeout: '10s' })
  gates[0]?.resolve()
  await copied
  await until(() => told.length === 4)
  expect(told).toEqual(['started', 'started', 'succeeded', 'lost'])
})

test('of a task that failed: its dead letter is sent again, and is the same', async () => {
  const { app, acked, again } = copying()
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: () => {
      throw new Error('no')
    },
  })
  const worker = createWorker(app)
  await worker.start()
  onTestFinished(() => worker.stop({ grace: 0 }).then(() => {}))
  const result = await task.delay()
  await expect(result.get({ timeout: '10s' })).rejects.toBeInstanceOf(TaskFailure)
  await until(() => acked.has(result.id))
  await again(result.id)
  const letters = await app.deadLetters.list('default')
  expect(letters.map(({ id, error }) => [id, error])).toEqual([[result.id, 'Error: no']])
  expect(await app.deadLetters.drop('default')).toBe(1)
  expect(await app.deadLetters.list('default')).toEqual([])
})
