import { randomUUID } from 'node:crypto'
import { type AdapterContext, type Backend, systemClock, type TaskRecord } from '@tq/core/driver'
import { Pool, type PoolConfig } from 'pg'
import { adapter, type PostgresOptions, postgres } from '../src/index.ts'
import { startPostgres, type TestPostgres } from './services/postgres.ts'

/** What a test opened; closed when it ends. */
const opened: { close(): unknown }[] = []

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one.close()
}

/** A server of the test's own. */
export async function serve(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const server = await startPostgres(settings, true)
  opened.push({ close: () => server.stop() })
  return server
}

/** Never the same twice. */
export function freshSchema(): string {
  return `s_${randomUUID().replaceAll('-', '')}`
}

export function backendOf(
  url: string,
  { namespace = 'test', ...options }: PostgresOptions & { readonly namespace?: string } = {},
): Backend {
  const from = Object.keys(options).length > 0 ? postgres(options) : adapter
  const context: AdapterContext = { namespace, clock: systemClock }
  const backend = from.createBackend?.(url, context)
  if (!backend) throw new Error('the adapter makes no backend')
  opened.push(backend)
  return backend
}

export async function connect(
  url: string,
  options: PostgresOptions & { readonly namespace?: string } = {},
): Promise<Backend> {
  const backend = backendOf(url, options)
  await backend.open()
  return backend
}

/** A pool to look at the database with. */
export function poolOf(url: string, config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...config })
  pool.on('error', () => {})
  opened.push({ close: () => pool.end() })
  return pool
}

export function record(id: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  const fixed = { name: 'task', queue: 'q', generation: 0, attempt: 0, epoch: 0, updatedAt: 0, detail: '{}' }
  return { id, state: 'PENDING', ttlMs: 60_000, markMs: 60_000, ...fixed, ...parts }
}

/** What a promise rejected with, as the backend classifies it; undefined when it did not. */
export async function failureOf(backend: Backend, promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(
    () => undefined,
    (error: unknown) => backend.classify(error),
  )
}
