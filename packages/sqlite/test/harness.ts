import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendHarness, BrokerHarness, StoreHarness } from '@tq/conformance'
import { type Adapter, type AdapterContext, type Backend, type Broker, systemClock } from '@tq/core/driver'
import { adapter, sqlite } from '../src/index.ts'

/**
 * A fresh file per harness. Instances of one process share a connection; `apart` spreads them over several, so that
 * those of one case are to each other as if they were in different processes.
 */
function base(name: string, apart: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-'))
  const url = `sqlite:${join(folder, 'queue.db')}`
  const context: AdapterContext = { namespace: 'test', clock: systemClock }
  let made = 0
  return {
    url,
    context,
    // Connections are shared between equal options only.
    adapter: (): Adapter => (apart ? sqlite({ busyTimeoutMs: 10_000 + (made++ % 6) }) : adapter),
    shared: {
      name: apart ? `${name}-apart` : name,
      queueName: () => `q-${randomUUID()}`,
      key: () => `key-${randomUUID()}`,
      sleep: async (ms: number) => {
        await sleep(ms)
      },
      dispose: async () => rmSync(folder, { recursive: true, force: true }),
    },
  }
}

export function brokerHarness(apart = false): BrokerHarness {
  const { url, context, adapter, shared } = base('sqlite', apart)
  return { ...shared, create: async () => brokerOf(adapter(), url, context) }
}

export function backendHarness(apart = false): BackendHarness {
  const { url, context, adapter, shared } = base('sqlite', apart)
  return { ...shared, create: async () => backendOf(adapter(), url, context) }
}

export function storeHarness(apart = false): StoreHarness {
  const { url, context, adapter, shared } = base('sqlite', apart)
  return {
    ...shared,
    create: async () => ({
      broker: brokerOf(adapter(), url, context),
      backend: backendOf(adapter(), url, context),
    }),
  }
}

function brokerOf(from: Adapter, url: string, context: AdapterContext): Broker {
  const broker = from.createBroker?.(url, context)
  if (!broker) throw new Error('the adapter makes no broker')
  return broker
}

function backendOf(from: Adapter, url: string, context: AdapterContext): Backend {
  const backend = from.createBackend?.(url, context)
  if (!backend) throw new Error('the adapter makes no backend')
  return backend
}
