import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerHarness } from '@tq/conformance'
import { type Broker, systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'
import { type NetworkProxy, startProxy } from './services/proxy.ts'
import { startRabbit, type TestRabbit } from './services/rabbitmq.ts'

/** A server for the run, and a proxy of its own for each instance, so that each can be cut off alone. */
export function harness(name = 'rabbitmq'): BrokerHarness {
  const context = { namespace: `test-${randomUUID().slice(0, 8)}`, clock: systemClock }
  const proxies = new Map<Broker, NetworkProxy>()
  let starting: Promise<TestRabbit> | undefined
  const server = () => {
    starting ??= startRabbit()
    return starting
  }
  const own = process.env['TQ_TEST_AMQP_URL'] === undefined
  return {
    name,
    queueName: () => `q-${randomUUID()}`,
    sleep: async (ms) => {
      await sleep(ms)
    },
    create: async () => {
      const url = new URL((await server()).url)
      const proxy = await startProxy(Number(url.port || 5672), url.hostname)
      url.host = `127.0.0.1:${proxy.port}`
      const broker = adapter.createBroker?.(url.href, context)
      if (!broker) throw new Error('the adapter makes no broker')
      proxies.set(broker, proxy)
      return broker
    },
    sever: async (broker) => proxies.get(broker)?.cut(),
    ...(own ? { restartService: async () => await (await server()).restart?.() } : {}),
    dispose: async () => {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
      await (await starting)?.stop()
    },
  }
}
