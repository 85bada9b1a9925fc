import type { AdapterContext } from '../contracts/adapter.ts'
import type { Backend } from '../contracts/backend.ts'
import type { Broker } from '../contracts/broker.ts'
import type { PayloadStore } from '../contracts/payload-store.ts'
import { brokerError } from '../errors/broker-error.ts'
import { TqError } from '../errors/tq-error.ts'
import { BackendPayloads } from '../runtime/backend-payloads.ts'
import { parkedDelays } from '../runtime/parked-delays.ts'
import type { PayloadOptions } from '../runtime/payload-settings.ts'
import { Payloads } from '../runtime/payloads.ts'
import { Publisher } from '../runtime/publisher.ts'
import type { Connection } from '../runtime/runtime.ts'
import { ServiceTime } from '../runtime/service-time.ts'
import type { ResolvedSettings } from '../runtime/settings.ts'
import { WaitingLines } from '../runtime/waiting-lines.ts'
import { type AdapterCatalog, hidePassword } from './adapters.ts'

/** Where the services are: URLs, or drivers already made. */
export interface ServiceOptions {
  readonly broker: string | Broker | undefined
  readonly backend: string | Backend | false | undefined
}

/**
 * Opens broker and backend. Backend not named: the broker's own adapter where it has one. Broker not named: memory,
 * with a notice, outside production only.
 *
 * @throws TqError with one clear line: what could not be opened, why, and what mends it
 */
export async function openServices(
  options: ServiceOptions,
  catalog: AdapterCatalog,
  settings: ResolvedSettings,
): Promise<Connection> {
  const context: AdapterContext = { namespace: settings.namespace, clock: settings.clock }
  const brokerGiven = options.broker ?? defaultBroker(settings)
  const broker =
    typeof brokerGiven === 'string' ? await brokerFor(brokerGiven, catalog, context) : brokerGiven
  const backend = await backendFor(options.backend, brokerGiven, catalog, context)
  await reach(broker, broker.name, brokerGiven)
  try {
    if (backend) await reach(backend, `${backend.name} backend`, options.backend || brokerGiven)
  } catch (error) {
    await broker.close()
    throw error
  }
  let payloads: Payloads
  try {
    payloads = await openPayloads(backend, catalog, context, settings)
  } catch (error) {
    await Promise.all([broker.close(), backend?.close()])
    throw error
  }
  warn(settings, broker, backend)
  const parked = parkedDelays(broker, backend)
  const time = new ServiceTime(settings.clock, backend)
  await time.sync()
  const publisher = new Publisher(broker, backend, parked, settings.clock, settings.publishTimeoutMs)
  return {
    broker,
    time,
    publisher,
    lines: backend && new WaitingLines(backend.state, publisher),
    backend,
    oneStore: broker.store !== undefined && broker.store === backend?.store,
    parked,
    payloads,
  }
}

function defaultBroker(settings: ResolvedSettings): string {
  if (process.env['NODE_ENV'] === 'production') {
    throw new TqError(
      'BROKER_NOT_CONFIGURED',
      'No broker is set. Set TQ_BROKER_URL (redis://…, amqp://…, sqs://…, sqlite:file), or createApp({ broker: … }).',
    )
  }
  settings.logger.warn(
    'TQ_BROKER_URL is not set: tasks stay in the memory of this process and are gone with it',
  )
  return 'memory:'
}

async function brokerFor(url: string, catalog: AdapterCatalog, context: AdapterContext): Promise<Broker> {
  const adapter = await catalog.find(url, 'broker')
  if (adapter.createBroker) return adapter.createBroker(url, context)
  throw new TqError(
    'CAPABILITY_MISSING',
    `${adapter.name} is a backend, not a broker: '${hidePassword(url)}' cannot be the broker that createApp({ broker }) or TQ_BROKER_URL names.`,
  )
}

async function backendFor(
  given: string | Backend | false | undefined,
  broker: string | Broker,
  catalog: AdapterCatalog,
  context: AdapterContext,
): Promise<Backend | undefined> {
  if (given === false) return undefined
  if (typeof given === 'object') return given
  if (given !== undefined) {
    const adapter = await catalog.find(given, 'backend')
    if (adapter.createBackend) return adapter.createBackend(given, context)
    throw new TqError(
      'CAPABILITY_MISSING',
      `${adapter.name} is a broker, not a backend: '${hidePassword(given)}' cannot be the backend that createApp({ backend }) or TQ_BACKEND_URL names.`,
    )
  }
  if (typeof broker !== 'string') return undefined
  return (await catalog.find(broker, 'backend')).createBackend?.(broker, context)
}

/** Settings that may lose tasks must reach whoever reads the application's log. */
function warn({ logger }: ResolvedSettings, broker: Broker, backend: Backend | undefined): void {
  const texts = [broker, backend].flatMap((service) =>
    (service?.warnings ?? []).map((text) => `${service?.name}: ${text}`),
  )
  for (const text of new Set(texts)) logger.warn(text)
}

async function reach(service: Broker | Backend | PayloadStore, name: string, given: unknown): Promise<void> {
  try {
    await service.open()
  } catch (cause) {
    if (cause instanceof TqError) throw cause
    const where = typeof given === 'string' ? ` (${hidePassword(given)})` : ''
    throw brokerError(
      service.classify(cause),
      'connecting',
      `${name}${where}`,
      (cause as Error).message,
      cause,
    )
  }
}

/** Where large values are kept, and where they may be read from. What an earlier deploy left in the backend is found. */
async function openPayloads(
  backend: Backend | undefined,
  catalog: AdapterCatalog,
  context: AdapterContext,
  settings: ResolvedSettings,
): Promise<Payloads> {
  const { payload } = settings
  const inBackend = backend && new BackendPayloads(backend)
  const elsewhere = await payloadStore(payload?.offload, settings.payloadUrl, catalog, context)
  if (payload?.offload === 'backend' && !inBackend) {
    throw new TqError(
      'BACKEND_REQUIRED',
      "payload.offload 'backend' needs a backend, and there is none. Set TQ_BACKEND_URL, or payload.offload: 's3://bucket/prefix'.",
      { details: { feature: 'payload.offload' } },
    )
  }
  const write = payload && (payload.offload === 'backend' ? inBackend : elsewhere)
  const stores = [inBackend, elsewhere].filter((store) => store !== undefined)
  return new Payloads(payload, write, stores, {
    codec: settings.codec,
    clock: settings.clock,
    timeoutMs: settings.publishTimeoutMs,
    deletes: backend !== undefined,
  })
}

async function payloadStore(
  offload: PayloadOptions['offload'] | undefined,
  url: string | undefined,
  catalog: AdapterCatalog,
  context: AdapterContext,
): Promise<PayloadStore | undefined> {
  const isNamed = offload === undefined || offload === 'backend' || offload === 's3'
  const given = isNamed ? url : offload
  if (given === undefined) {
    if (offload !== 's3') return undefined
    throw new TqError(
      'INVALID_OPTION',
      "payload.offload 's3' does not say which bucket. Set TQ_PAYLOAD_URL=s3://bucket/prefix, or payload.offload: 's3://bucket/prefix'.",
    )
  }
  const store = typeof given === 'string' ? await storeFor(given, catalog, context) : given
  await reach(store, `${store.name} payload store`, given)
  return store
}

async function storeFor(
  url: string,
  catalog: AdapterCatalog,
  context: AdapterContext,
): Promise<PayloadStore> {
  const adapter = await catalog.find(url, 'payload store')
  if (adapter.createPayloadStore) return adapter.createPayloadStore(url, context)
  throw new TqError(
    'CAPABILITY_MISSING',
    `${adapter.name} keeps no payloads: '${hidePassword(url)}' cannot be the payload store that payload.offload or TQ_PAYLOAD_URL names.`,
  )
}
