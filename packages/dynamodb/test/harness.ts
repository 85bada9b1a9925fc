import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendHarness } from '@tq/conformance'
import { systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'
import { startDynamodb, type TestDynamodb } from './services/dynamodb.ts'

/** The URL of a table of an emulator; any credentials will do there, and time: they share the machine with the tests. */
export function urlOf({ endpoint }: TestDynamodb, table = 'tq-test'): string {
  return `dynamodb://test:test@eu-central-1/${table}?endpoint=${encodeURIComponent(endpoint)}&createTable=true&timeoutMs=30000`
}

/** A table per harness, on an emulator that is started with the first instance. */
export function backendHarness(name = 'dynamodb', start = startDynamodb): BackendHarness {
  const table = `test-${randomUUID()}`
  let starting: Promise<TestDynamodb> | undefined
  return {
    name,
    key: () => `key-${randomUUID()}`,
    sleep: async (ms) => {
      await sleep(ms)
    },
    create: async () => {
      starting ??= start()
      const url = urlOf(await starting, table)
      const backend = adapter.createBackend?.(url, { namespace: 'test', clock: systemClock })
      if (!backend) throw new Error('the adapter makes no backend')
      return backend
    },
    dispose: async () => {
      await (await starting)?.stop()
    },
  }
}
