import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerHarness } from '@tq/conformance'
import { type AdapterContext, type Broker, systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'
import { startSqs } from './services/fauxqs.ts'
import { Proxies } from './services/proxy.ts'
import { sqsUrl, type TestSqs } from './services/test-sqs.ts'

export interface HarnessOptions {
  readonly name?: string
  readonly start?: () => Promise<TestSqs>
  /** Can keep its data over a restart. */
  readonly restarts?: boolean
  /** More of the URL. */
  readonly options?: string
}

/** A service per harness, started with the first instance; each instance reaches it through a proxy of its own. */
export function harness({
  name = 'sqs',
  start = startSqs,
  restarts = false,
  options = '',
}: HarnessOptions = {}): BrokerHarness {
  const context: AdapterContext = { namespace: `t${randomUUID().slice(0, 8)}`, clock: systemClock }
  let starting: Promise<TestSqs> | undefined
  const service = () => {
    starting ??= start()
    return starting
  }
  const ports = new Map<Broker, number>()
  let proxies: Proxies | undefined
  return {
    name,
    create: async () => {
      const { endpoint } = await service()
      proxies ??= new Proxies(endpoint)
      const port = await proxies.open()
      const broker = adapter.createBroker?.(sqsUrl(`http://127.0.0.1:${port}`, options), context)
      if (!broker) throw new Error('the adapter makes no broker')
      ports.set(broker, port)
      return broker
    },
    queueName: () => `q-${randomUUID()}`,
    sleep: async (ms) => {
      await sleep(ms)
    },
    sever: async (broker) => proxies?.sever(ports.get(broker) ?? 0),
    ...(restarts ? { restartService: async () => await (await service()).restart?.() } : {}),
    dispose: async () => {
      await proxies?.close()
      await (await starting)?.stop()
    },
  }
}
