import { randomUUID } from 'node:crypto'
import { type Backend, systemClock, type TaskRecord } from '@tq/core/driver'
import { dynamodb } from '../src/index.ts'
import { startDynamodb, type TestDynamodb } from './services/dynamodb.ts'
import { startProxy, type TestProxy } from './services/proxy.ts'

/** Long enough not to end in a test. */
export const ttlMs = 60_000

/** An emulator, and what a test opened on it. */
export class Stage {
  /** Of `connect`: every call passes it. */
  proxy: TestProxy | undefined
  /** Of `connect`. */
  table = ''
  #service: TestDynamodb | undefined
  readonly #opened: { close(): unknown }[] = []

  get endpoint(): string {
    return this.#service?.endpoint ?? ''
  }

  async start(): Promise<void> {
    this.#service = await startDynamodb()
  }

  async stop(): Promise<void> {
    await this.#service?.stop()
  }

  /** Closed when the test ends. */
  also(one: { close(): unknown }): void {
    this.#opened.push(one)
  }

  async end(): Promise<void> {
    for (const one of this.#opened.splice(0).reverse()) await one.close()
    this.proxy = undefined
  }

  /** Backends of one fresh table, which may be without a proxy. */
  async connect(count = 1, options: { readonly timeoutMs?: number; readonly direct?: boolean } = {}) {
    const { timeoutMs = 20_000, direct = false } = options
    if (!direct) {
      this.proxy = await startProxy(this.endpoint)
      this.also(this.proxy)
    }
    this.table = `t-${randomUUID()}`
    const backends: Backend[] = []
    for (let at = 0; at < count; at++) backends.push(await this.openAt(this.table, timeoutMs))
    return backends as readonly Backend[]
  }

  async openAt(table: string, timeoutMs = 20_000): Promise<Backend> {
    const backend = this.backendAt(`${table}?createTable=true&timeoutMs=${timeoutMs}`)
    await backend.open()
    return backend
  }

  backendAt(tableAndOptions: string, endpoint = this.proxy?.endpoint ?? this.endpoint): Backend {
    const separator = tableAndOptions.includes('?') ? '&' : '?'
    const url = `dynamodb://key:secret@eu-central-1/${tableAndOptions}${separator}endpoint=${endpoint}`
    const backend = dynamodb().createBackend?.(url, { namespace: 'test', clock: systemClock })
    if (!backend) throw new Error('the adapter makes no backend')
    this.also(backend)
    return backend
  }
}

export function record(id: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  const fixed = { name: 'task', queue: 'q', generation: 0, attempt: 0, epoch: 0, updatedAt: 0, detail: '{}' }
  return { id, state: 'PENDING', ttlMs, markMs: ttlMs, ...fixed, ...parts }
}

/** What a promise rejected with, as the backend classifies it; undefined when it did not. */
export async function failureOf(backend: Backend, promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(
    () => undefined,
    (error: unknown) => backend.classify(error),
  )
}

/** Each verb once. */
export async function everyVerb({ results, state }: Backend): Promise<void> {
  await results.put([record('a')])
  await results.claim([{ id: 'a', generation: 0, attempt: 0, runId: 'r', ttlMs }])
  await results.get(['a'])
  await results.delete(['a'])
  const put = await state.put('k', 'v', { ttlMs })
  await state.put('k', 'w', { ttlMs, ifVersion: typeof put === 'object' ? put.version : 0 })
  await state.get(['k'])
  await state.delete('k')
  await state.add('c', 'm', 'v', { ttlMs })
  await state.page('c', { limit: 1 })
  await state.remove('c', 'm')
  await state.expect('j', ['c'], { ttlMs, sealed: true })
  await state.join([{ join: 'j', child: 'c', value: 'v' }])
  await state.joined('j', { limit: 1 })
  await state.park('l', { key: 'k', value: 'v' }, { delayMs: 0 })
  await state.due('l', { limit: 1, leaseMs: 1_000 })
  await state.unpark('l', ['k'])
  await state.acquire('p', 'h', { limit: 1, ttlMs })
  await state.renew('p', 'h', { ttlMs })
  await state.holders('p')
  await state.release('p', 'h')
  await state.take('r', { limit: 1, windowMs: 1_000, cost: 1 })
  await state.count('n', { f: 1 }, { ttlMs })
  await state.counted(['n'])
}
