import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Adapter, type Backend, type Broker, type Clock, systemClock } from '../src/driver.ts'
import {
  type App,
  type AppOptions,
  createApp,
  createWorker,
  LeaseLost,
  type Logger,
  type TaskEvents,
} from '../src/index.ts'
import { createVirtualClock, memory } from '../src/testing.ts'
import { tampered } from './tamper.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const next = <Name extends keyof TaskEvents>(app: App<undefined>, name: Name) =>
  new Promise<TaskEvents[Name]>((resolve) => app.on(name, resolve))

test('a delay longer than the broker can hold goes in hops', async () => {
  const delays: (number | undefined)[] = []
  const adapter = tampered({
    capabilities: { maxDelayMs: 1_000 },
    publish: (publish) => (queue, messages) => {
      delays.push(...messages.map(({ delayMs }) => delayMs))
      return publish(queue, messages)
    },
  })
  // Without a backend follow-ups are published one by one, and so are seen here.
  const app = createApp({ broker: 'memory:', backend: false, adapters: [adapter], logger: quiet })
  const task = app.task({ name: 'task', run: () => {} })
  const worker = createWorker(app)
  await worker.start()
  const started = next(app, 'started')
  const sentAt = performance.now()
  await task.applyAsync(undefined, { countdown: 2_500 })
  await started
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(2_500)
  expect(delays).toEqual([1_000, 1_000, 500])
  await worker.stop()
  await app.close()
})

test('a receive that never completes is given up, and a new receiver opened', async () => {
  const clock = createVirtualClock()
  const adapter = tampered({
    receiver: (_, number) =>
      number === 0 ? { receive: () => new Promise(() => {}), close: () => new Promise(() => {}) } : {},
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], clock, logger: quiet })
  const task = app.task({ name: 'task', run: () => {} })
  const worker = createWorker(app)
  await worker.start()
  const result = await task.delay()
  await clock.advance(9_999)
  expect(await result.status()).toBe('PENDING')
  await clock.advance(3_000)
  expect(await result.status()).toBe('SUCCESS')
  const stopped = worker.stop()
  await clock.advance(10_000)
  await stopped
  await app.close()
})

test('a run that lost its lease is told, and its result is not stored', async () => {
  const adapter = tampered({ receiver: () => ({ extend: async (leases) => leases.map(() => 'lost') }) })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet })
  const reasons: unknown[] = []
  const task = app.task({
    name: 'task',
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      reasons.push(signal.reason)
    },
  })
  const worker = createWorker(app, { lease: 100 })
  await worker.start()
  const lost = next(app, 'lost')
  const result = await task.delay()
  await lost
  expect(reasons[0]).toBeInstanceOf(LeaseLost)
  expect(await result.ready()).toBe(false)
  await worker.stop({ grace: 0 })
  await app.close()
})

test('what got no answer is sent again with the same id', async () => {
  const ids: string[] = []
  const adapter = tampered({
    publish: (publish) => async (queue, messages) => {
      ids.push(...messages.map(({ id }) => id))
      if (ids.length === 1) throw new Error('the connection broke')
      if (ids.length === 2) return messages.map(() => 'unknown')
      return publish(queue, messages)
    },
  })
  const createBroker = adapter.createBroker as NonNullable<typeof adapter.createBroker>
  const broken = {
    ...adapter,
    createBroker: (...options: Parameters<typeof createBroker>) =>
      Object.assign(createBroker(...options), { classify: () => 'connection' as const }),
  }
  const app = createApp({ broker: 'memory:', adapters: [broken], logger: quiet })
  const result = await app.task({ name: 'task', run: () => {} }).delay()
  expect(ids).toEqual([result.id, result.id, result.id])
  expect((await app.counts('default')).ready).toBe(1)
  await app.close()
})

test.each([
  ['blocked', 'BrokerBlocked', 'BROKER_BLOCKED'],
  ['full', 'BrokerFull', 'BROKER_FULL'],
  ['permission', 'BrokerError', 'BROKER_REFUSED'],
] as const)('a broker that says %s rejects with %s within the deadline', async (kind, name, code) => {
  const adapter = tampered({
    publish: () => async (_, messages) => messages.map(() => ({ rejected: kind, reason: 'an alarm' })),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], publishTimeout: '100ms', logger: quiet })
  await expect(app.task({ name: 'task', run: () => {} }).delay()).rejects.toMatchObject({ name, code })
  await app.close()
})

test('a publish that never answers is reported as unknown', async () => {
  const adapter = tampered({ publish: () => () => new Promise(() => {}) })
  const app = createApp({ broker: 'memory:', adapters: [adapter], publishTimeout: '100ms', logger: quiet })
  await expect(app.task({ name: 'task', run: () => {} }).delay()).rejects.toMatchObject({
    code: 'PUBLISH_UNKNOWN',
  })
  await app.close()
})

test('waiting for a result inside a task is warned about', async () => {
  const warnings: string[] = []
  const logger: Logger = { ...quiet, warn: (message) => void warnings.push(message) }
  const app = createApp({ broker: 'memory:', logger })
  const inner = app.task({ name: 'inner', run: () => 1 })
  const outer = app.task({ name: 'outer', run: async () => (await inner.delay()).get() })
  const worker = createWorker(app)
  await worker.start()
  expect(await (await outer.delay()).get({ timeout: '5s' })).toBe(1)
  expect(warnings.join()).toContain("Task 'outer' waits for the result of another task")
  await worker.stop()
  await app.close()
})

test('a handler without a broker: what is missing is said in one line', async () => {
  const app = createApp({ broker: 'nosuch://x', logger: quiet })
  await expect(app.open()).rejects.toMatchObject({
    code: 'UNKNOWN_SCHEME',
    message: expect.stringMatching(/of a broker. Use one of: (?=.*sqlite: )(?!.*(postgres|s3):)/),
  })
  await app.close()
  // In a folder of its own: here every driver is installed.
  const core = new URL('../src/index.ts', import.meta.url).href
  const program = `import { createApp } from '${core}'
    await createApp({ broker: 'sqs://eu/x' }).open().catch(({ code, message }) => console.log(code, message))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-C', '@tq/source', '--input-type=module', '-e', program],
    { cwd: tmpdir(), env: { ...process.env, NODE_PATH: '' } },
  )
  expect(stdout).toMatch(/^ADAPTER_MISSING .*npm install @tq\/sqs/)
  expect(() => createApp({ brocker: 'memory:' } as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})

test('a service in the wrong place: the option and the variable are named, since either may have said it', async () => {
  const { createBroker, createBackend } = memory()
  const adapters = [
    { name: 'talk', schemes: ['talk'], createBroker },
    { name: 'keep', schemes: ['keep', 's3'], createBackend },
  ] as readonly Adapter[]
  const refusal = (options: AppOptions<undefined>) =>
    createApp({ broker: 'talk:', backend: 'keep:', adapters, logger: quiet, ...options })
      .open()
      .catch(({ code, message }) => `${code} ${message}`)
  expect(await refusal({ broker: 'keep:' })).toBe(
    "CAPABILITY_MISSING keep is a backend, not a broker: 'keep:' cannot be the broker that createApp({ broker }) or TQ_BROKER_URL names.",
  )
  expect(await refusal({ backend: 'talk:' })).toBe(
    "CAPABILITY_MISSING talk is a broker, not a backend: 'talk:' cannot be the backend that createApp({ backend }) or TQ_BACKEND_URL names.",
  )
  expect(await refusal({ payload: { offload: 's3://x' } })).toBe(
    "CAPABILITY_MISSING keep keeps no payloads: 's3://x' cannot be the payload store that payload.offload or TQ_PAYLOAD_URL names.",
  )
})

test('a copy of the same attempt goes on counting owners, so that its result is not refused as an old one', async () => {
  let deliveries = 0
  const adapter = tampered({
    receiver: (original) => ({
      // The first message had lost its lease once before.
      receive: async (options) =>
        (await original.receive(options)).map((delivery) => ({
          ...delivery,
          deliveryCount: deliveries++ === 0 ? 2 : 1,
        })),
    }),
  })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet })
  let runs = 0
  const task = app.task({
    name: 'task',
    run: (_, ctx) => {
      if (++runs === 1) ctx.retry({ delay: 0, countAttempt: false })
      return 'second run'
    },
  })
  const worker = createWorker(app)
  await worker.start()
  expect(await (await task.delay()).get({ timeout: '5s' })).toBe('second run')
  await worker.stop()
  await app.close()
})

test('a result that the backend cannot keep fails the task at once', async () => {
  const adapter = tampered({ maxValueBytes: 20_000 })
  const app = createApp({ broker: 'memory:', adapters: [adapter], logger: quiet })
  const task = app.task({ name: 'task', run: () => 'x'.repeat(10_000) })
  const worker = createWorker(app)
  await worker.start()
  await expect((await task.delay()).get({ timeout: '5s' })).rejects.toMatchObject({
    error: { code: 'PAYLOAD_TOO_LARGE' },
  })
  await worker.stop()
  await app.close()
})

test('expiry goes by the clock of the service, whatever the clocks of sender and worker say', async () => {
  // One service; the sender's clock is right, the worker's an hour ahead.
  const started = performance.now()
  const adapter = memory()
  const context = { namespace: 'test', clock: systemClock }
  const backend = () =>
    Object.assign(adapter.createBackend?.('memory:', context) as Backend, {
      now: async () => 1_700_000_000_000 + performance.now() - started,
    })
  const broker = () => adapter.createBroker?.('memory:', context) as Broker
  const ahead: Clock = { ...systemClock, now: () => Date.now() + 3_600_000 }
  const define = (clock: Clock) => {
    const app = createApp({ broker: broker(), backend: backend(), clock, logger: quiet })
    return { app, task: app.task({ name: 'task', run: () => 'ran' }) }
  }
  const sender = define(systemClock)
  const receiver = define(ahead)
  const fresh = await sender.task.applyAsync(undefined, { expires: '10m' })
  const stale = await sender.task.applyAsync(undefined, { expires: 1 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const worker = createWorker(receiver.app)
  await worker.start()
  expect(await fresh.get({ timeout: '5s' })).toBe('ran')
  await expect(stale.get({ timeout: '5s' })).rejects.toMatchObject({ code: 'TASK_REVOKED' })
  await worker.stop()
  await receiver.app.close()
  await sender.app.close()
})

test('a result that does not come, and cannot from another process: that is said', async () => {
  const app = createApp({ broker: 'memory:', logger: quiet })
  const task = app.task({ name: 'task', run: () => {} })
  const result = await task.delay()
  await expect(result.get({ timeout: 20 })).rejects.toMatchObject({
    code: 'RESULT_TIMEOUT',
    message: expect.stringContaining('memory is in this process only'),
  })
  await app.close()
})
