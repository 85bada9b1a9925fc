import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendHarness, BrokerHarness, StoreHarness } from '@tq/conformance'
import { type AdapterContext, type Backend, type Broker, systemClock } from '@tq/core/driver'
import { Redis } from 'ioredis'
import { startRedis, type TestRedis } from '../../../test/services/redis.ts'
import { adapter } from '../src/index.ts'

type Start = () => Promise<TestRedis>

const startOne: Start = () => startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec'])

/** A server per harness, started with the first instance. */
function base(name: string, start: Start) {
  const context: AdapterContext = { namespace: `test-${randomUUID()}`, clock: systemClock }
  let starting: Promise<TestRedis> | undefined
  const server = () => {
    starting ??= start()
    return starting
  }
  return {
    context,
    server,
    shared: {
      name,
      queueName: () => `q-${randomUUID()}`,
      key: () => `key-${randomUUID()}`,
      sleep: async (ms: number) => {
        await sleep(ms)
      },
      dispose: async () => {
        await (await starting)?.stop()
      },
    },
  }
}

/** @param idle Receivers are told that their workers have nothing else to do. */
export function brokerHarness(name = 'redis', start = startOne, idle = false): BrokerHarness {
  const { context, server, shared } = base(name, start)
  const alone = start === startOne
  const own = alone && process.env['TQ_TEST_REDIS_URL'] === undefined
  const clients = new Map<Broker, string>()
  return {
    ...shared,
    create: async () => {
      // Each instance is told by the name of its connections, so that it can be cut off alone.
      const { url } = await server()
      const connections = randomUUID()
      const broker = brokerOf(url, context, connections)
      clients.set(broker, connections)
      return idle ? ofIdleWorkers(broker) : broker
    },
    ...(alone
      ? { sever: async (broker) => await killConnections((await server()).url, clients.get(broker) ?? '') }
      : {}),
    ...(own ? { restartService: async () => await (await server()).restart?.() } : {}),
  }
}

function ofIdleWorkers(broker: Broker): Broker {
  const open = broker.openReceiver.bind(broker)
  broker.openReceiver = async (...options) => {
    const receiver = await open(...options)
    const receive = receiver.receive.bind(receiver)
    receiver.receive = (how) => receive({ ...how, idle: true })
    return receiver
  }
  return broker
}

export function backendHarness(name = 'redis', start = startOne): BackendHarness {
  const { context, server, shared } = base(name, start)
  return { ...shared, create: async () => backendOf((await server()).url, context) }
}

export function storeHarness(name = 'redis', start = startOne): StoreHarness {
  const { context, server, shared } = base(name, start)
  return {
    ...shared,
    create: async () => {
      const { url } = await server()
      return { broker: brokerOf(url, context), backend: backendOf(url, context) }
    },
  }
}

async function killConnections(url: string, name: string): Promise<void> {
  const client = new Redis(url)
  const list = String(await client.client('LIST'))
  for (const line of list.split('\n')) {
    const id = /\bid=(\d+)/.exec(line)?.[1]
    if (id && line.includes(name)) await client.client('KILL', 'ID', id)
  }
  client.disconnect()
}

function brokerOf(url: string, context: AdapterContext, name?: string): Broker {
  const broker = adapter.createBroker?.(name ? `${url}?name=${name}` : url, context)
  if (!broker) throw new Error('the adapter makes no broker')
  return broker
}

function backendOf(url: string, context: AdapterContext): Backend {
  const backend = adapter.createBackend?.(url, context)
  if (!backend) throw new Error('the adapter makes no backend')
  return backend
}
