import { afterEach, expect, test } from 'vitest'
import type { Adapter, Backend } from '../src/driver.ts'
import {
  type App,
  type AppOptions,
  createApp,
  createWorker,
  findApp,
  type Worker,
  type WorkerOptions,
} from '../src/index.ts'
import { memory } from '../src/testing.ts'
import { tampered } from './tamper.ts'

// Broker and backend apart, one of them failing: what finishes is settled in steps, and each step may go wrong.

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const running: { readonly workers: Worker[]; readonly apps: App<never>[] } = { workers: [], apps: [] }

afterEach(async () => {
  for (const worker of running.workers.splice(0)) {
    void worker.stop({ grace: 0 })
    await worker.stop({ grace: 0 })
  }
  for (const app of running.apps.splice(0)) await app.close()
})

/** A backend whose results can be switched off. */
function switchable(): { readonly adapter: Adapter; down: boolean } {
  const inner = memory()
  const handle = { adapter: inner, down: false }
  const createBackend = inner.createBackend as NonNullable<Adapter['createBackend']>
  handle.adapter = {
    ...inner,
    createBackend: (url, context) => {
      const backend = createBackend(url, context)
      const failing = <T extends (...parameters: never[]) => Promise<unknown>>(method: T): T =>
        ((...parameters: Parameters<T>) =>
          handle.down ? Promise.reject(new Error('the backend is away')) : method(...parameters)) as T
      const { results } = backend
      const { claim, put, get, delete: forget } = results
      return Object.assign(Object.create(backend) as Backend, {
        name: 'switchable',
        store: 'elsewhere',
        capabilities: backend.capabilities,
        state: backend.state,
        open: () => backend.open(),
        close: () => backend.close(),
        now: async () => Date.now(),
        classify: () => 'connection',
        results: {
          claim: failing(claim.bind(results)),
          put: failing(put.bind(results)),
          get: failing(get.bind(results)),
          delete: forget.bind(results),
        },
      })
    },
  }
  return handle
}

function apart(broker: Adapter, backend: Adapter, options: AppOptions<undefined> = {}): App<undefined> {
  const context = {
    namespace: 'test',
    clock: { now: Date.now, monotonic: () => performance.now(), setTimer: timer },
  }
  const app = createApp({
    broker: broker.createBroker?.('memory:broker', context) ?? 'memory:',
    backend: backend.createBackend?.('memory:backend', context) ?? false,
    logger: quiet,
    ...options,
  })
  running.apps.push(app as App<never>)
  return app
}

function timer(delayMs: number, callback: () => void): () => void {
  const handle = setTimeout(callback, delayMs)
  return () => clearTimeout(handle)
}

async function started(app: App<undefined>, options: WorkerOptions = {}): Promise<Worker> {
  const worker = createWorker(app, options)
  running.workers.push(worker)
  await worker.start()
  return worker
}

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 8_000
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error('it did not come to be')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a retry whose copy was not sent runs again', async () => {
  let broken = true
  let receivers = 0
  const broker = tampered({
    publish: (publish) => (queue, messages) =>
      broken && messages.some(({ delayMs }) => delayMs !== undefined)
        ? Promise.reject(new Error('publishing is broken'))
        : publish(queue, messages),
    // The receiver that could not settle dies, and its leases with it.
    receiver: (original) => {
      const dies = receivers++ === 0
      return dies ? { extend: async (leases) => leases.map(() => 'lost') } : { extend: original.extend }
    },
  })
  const app = apart(broker, memory(), { publishTimeout: 100 })
  let runs = 0
  const task = app.task({
    name: 'task',
    retry: { backoff: 10 },
    run: () => {
      if (++runs === 1) throw new Error('first run')
      return 'done'
    },
  })
  const result = await task.delay()
  await started(app, { lease: 300 })
  await until(() => runs === 1)
  broken = false
  expect(await result.get({ timeout: '8s' })).toBe('done')
})

test('a dead letter that could not be sent at first is sent, and the failure is told once', async () => {
  let failures = 1
  const broker = tampered({
    publish: (publish) => (queue, messages) =>
      queue.endsWith('.dead') && failures-- > 0
        ? Promise.reject(new Error('publishing is broken'))
        : publish(queue, messages),
  })
  const app = apart(broker, memory())
  const events: string[] = []
  for (const name of ['failed', 'revoked'] as const) app.on(name, () => events.push(name))
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: () => {
      throw new Error('always')
    },
  })
  await started(app, { lease: 300 })
  const result = await task.delay()
  await expect(result.get({ timeout: '5s' })).rejects.toMatchObject({ name: 'TaskFailure' })
  await until(() => events.length > 0)
  expect(events).toEqual(['failed'])
  expect(await app.deadLetters.list('default')).toMatchObject([{ id: result.id }])
})

test('while the backend is away tasks wait: none is lost, aborted or given up', async () => {
  const backend = switchable()
  const app = apart(memory(), backend.adapter)
  const told: string[] = []
  const slow = app.task({
    name: 'slow',
    run: async (_, { signal }) => {
      signal.addEventListener('abort', () => told.push(String(signal.reason)))
      await new Promise((resolve) => setTimeout(resolve, 700))
      return 'slow'
    },
  })
  const fast = app.task({ name: 'fast', run: () => 'fast' })
  await started(app, { lease: 200 })
  const first = await slow.delay()
  const second = await fast.applyAsync(undefined, { countdown: 300 })
  await new Promise((resolve) => setTimeout(resolve, 150))
  backend.down = true
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  backend.down = false
  expect(await first.get({ timeout: '8s' })).toBe('slow')
  expect(await second.get({ timeout: '8s' })).toBe('fast')
  expect(told).toEqual([])
  expect(await app.deadLetters.list('default')).toEqual([])
})

test('a second stop ends also while the backend is away', async () => {
  const backend = switchable()
  const app = apart(memory(), backend.adapter)
  const task = app.task({
    name: 'task',
    run: () => {
      backend.down = true
    },
  })
  const worker = await started(app)
  await task.delay()
  await until(() => backend.down)
  void worker.stop()
  await worker.stop()
  backend.down = false
})

test('messages with wrong optional fields go to the dead letters, and the others run', async () => {
  const app = createApp({ broker: 'memory:', adapters: [memory()], logger: quiet })
  running.apps.push(app as App<never>)
  const task = app.task({ name: 'task', run: () => 'fine' })
  const envelope = { v: 1, task: 'task', attempt: 0, generation: 0, sentAt: 1 }
  const wrong = [{ failures: 5 }, { priority: 12 }, { misses: 'x' }, { headers: { a: 1 } }, { crashes: -1 }]
  const connection = await findApp({ app })?.runtime.connect()
  const messages = wrong.map((fields, n) => {
    const id = `wrong-${n}`
    return { id, body: Buffer.from(JSON.stringify({ ...envelope, id, ...fields })), headers: {} }
  })
  await connection?.publisher.publish('default', messages)
  await started(app as App<undefined>)
  expect(await (await task.delay()).get({ timeout: '5s' })).toBe('fine')
  expect(await app.deadLetters.list('default')).toHaveLength(wrong.length)
})

test('a retryIf that throws fails its own task only', async () => {
  const app = apart(memory(), memory())
  const task = app.task({
    name: 'task',
    retry: {
      retryIf: () => {
        throw new Error('a bug in retryIf')
      },
    },
    run: () => {
      throw new Error('the first one')
    },
  })
  const worker = await started(app)
  await expect((await task.delay()).get({ timeout: '5s' })).rejects.toMatchObject({
    error: { message: 'the first one' },
  })
  expect(worker.describe().active).toEqual([])
})

test('acknowledged before it ran: longer than the lease is fine, and stopping it is its end', async () => {
  const app = createApp({ broker: 'memory:', adapters: [memory()], logger: quiet })
  running.apps.push(app as App<never>)
  const long = app.task({
    name: 'long',
    acknowledge: 'before',
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 400))
      return 'done'
    },
  })
  const endless = app.task({ name: 'endless', acknowledge: 'before', run: () => new Promise<void>(() => {}) })
  const worker = await started(app as App<undefined>, { lease: 150 })
  expect(await (await long.delay()).get({ timeout: '5s' })).toBe('done')
  const result = await endless.delay()
  await until(async () => (await result.status()) === 'STARTED')
  void worker.stop({ grace: 10 })
  await worker.stop({ grace: 10 })
  expect(await result.status()).toBe('FAILURE')
})

test('a shutdown that throws does not keep the worker from ending', async () => {
  const app = createApp({
    broker: 'memory:',
    adapters: [memory()],
    logger: quiet,
    startup: () => 'state',
    shutdown: () => {
      throw new Error('a bug in shutdown')
    },
  })
  const worker = createWorker(app, { burst: true })
  await worker.start()
  expect(await worker.stopped).toMatchObject({ reason: 'burst' })
  await app.close()
})

test('a stop during the start leaves nothing running', async () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const log: string[] = []
  const app = createApp({
    broker: 'memory:',
    adapters: [memory()],
    logger: quiet,
    startup: async () => {
      await opened
      log.push('startup')
    },
    shutdown: () => void log.push('shutdown'),
  })
  const worker = createWorker(app)
  const starting = worker.start()
  const stopping = worker.stop()
  open()
  await starting
  expect(await stopping).toMatchObject({ reason: 'asked' })
  expect(await app.workers()).toEqual([])
  expect(log).toEqual(['startup', 'shutdown'])
  await app.close()
})

test('a start that fails is undone, and the next one asks startup again', async () => {
  let times = 0
  const app = createApp({
    broker: 'memory:',
    adapters: [memory()],
    logger: quiet,
    startup: () => {
      if (++times === 1) throw new Error('not yet')
    },
  })
  await expect(createWorker(app).start()).rejects.toThrow('not yet')
  const second = createWorker(app)
  await second.start()
  await second.stop()
  expect(times).toBe(2)
  await app.close()
})

test('the first stop of a worker that is stopping by itself is not a second one', async () => {
  const app = createApp({ broker: 'memory:', adapters: [memory()], logger: quiet })
  running.apps.push(app as App<never>)
  const task = app.task({ name: 'task', run: () => new Promise<void>((resolve) => setTimeout(resolve, 200)) })
  const worker = await started(app as App<undefined>, { maxTasks: 1 })
  await task.delay()
  await until(() => worker.describe().state === 'stopping')
  expect(await worker.stop()).toMatchObject({ reason: 'max-tasks', succeeded: 1, released: 0 })
})

test('unknown and wrong options are refused by name', async () => {
  const app = createApp({ broker: 'memory:', logger: quiet })
  const refused = expect.objectContaining({ code: 'INVALID_OPTION' })
  const task = app.task({ name: 'task', run: () => {} })
  await expect(task.applyAsync(undefined, { countDown: '10m' } as never)).rejects.toEqual(refused)
  expect(() => app.task({ name: 'a', retry: { maxRetry: 1 } as never, run: () => {} })).toThrow(refused)
  expect(() => app.task({ name: 'b', retry: { backoff: { bas: 1 } as never }, run: () => {} })).toThrow(
    refused,
  )
  expect(() => createApp({ deadLetters: { kep: 1 } as never })).toThrow(refused)
  for (const options of [
    { order: 'stritc' },
    { queues: ['a', 'a'] },
    { lease: 5 },
    { maxBlock: 0 },
    { queus: [] },
  ]) {
    expect(() => createWorker(app, options as never)).toThrow(refused)
  }
  await app.close()
})
