import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendHarness } from '@tq/conformance'
import { systemClock } from '@tq/core/driver'
import { Client } from 'pg'
import { adapter } from '../src/index.ts'
import { startPostgres, type TestPostgres } from './services/postgres.ts'

/** A schema per harness, on a server that is started with the first instance. */
export function backendHarness(): BackendHarness {
  const schema = `test_${randomUUID().replaceAll('-', '')}`
  let starting: Promise<TestPostgres> | undefined
  return {
    name: 'postgres',
    key: () => `key-${randomUUID()}`,
    sleep: async (ms) => {
      await sleep(ms)
    },
    create: async () => {
      starting ??= startPostgres()
      const { url } = await starting
      const named = `${url}${url.includes('?') ? '&' : '?'}schema=${schema}&connections=5`
      const backend = adapter.createBackend?.(named, { namespace: 'test', clock: systemClock })
      if (!backend) throw new Error('the adapter makes no backend')
      return backend
    },
    dispose: async () => {
      const server = await starting
      if (!server) return
      const client = new Client({ connectionString: server.url })
      await client.connect()
      await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
      await client.end()
      await server.stop()
    },
  }
}
