import type { Backend } from './backend.ts'
import type { Broker } from './broker.ts'
import type { PayloadStore } from './payload-store.ts'
import type { Clock } from './time.ts'

/** What core gives an adapter along with a URL. */
export interface AdapterContext {
  /** Set apart from other applications on the same service; part of every key and queue name. */
  readonly namespace: string
  readonly clock: Clock
}

/**
 * Opens brokers and backends by URL. A driver package exports one as `adapter`, and a factory named after
 * itself for applications that pass it in: `createApp({ adapters: [sqlite()] })`.
 */
export interface Adapter {
  readonly name: string
  /** URL schemes without the colon: `['redis', 'rediss']`. */
  readonly schemes: readonly string[]
  /** Never connects; that is `open`'s. Throws on a URL that cannot be meant. */
  createBroker?(url: string, context: AdapterContext): Broker
  createBackend?(url: string, context: AdapterContext): Backend
  createPayloadStore?(url: string, context: AdapterContext): PayloadStore
}
