import type { Backend } from '../contracts/backend.ts'
import type { Broker } from '../contracts/broker.ts'
import type { Logger } from '../contracts/logger.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Codecs } from '../task/codec.ts'
import type { TaskRegistry } from '../task/registry.ts'
import type { TaskEventHub } from './events.ts'
import type { FollowUps } from './follow-ups.ts'
import type { ParkedDelays } from './parked-delays.ts'
import type { Payloads } from './payloads.ts'
import type { Publisher } from './publisher.ts'
import type { ServiceTime } from './service-time.ts'
import type { ResolvedSettings } from './settings.ts'
import type { WaitingLines } from './waiting-lines.ts'

/** An open broker and backend, and what stands directly on them. */
export interface Connection {
  readonly broker: Broker
  readonly backend: Backend | undefined
  /** Whether one atomic step can change both. */
  readonly oneStore: boolean
  readonly publisher: Publisher
  /** Where tasks over a concurrency limit wait; undefined without a backend. */
  readonly lines: WaitingLines | undefined
  /** The clock all processes share. */
  readonly time: ServiceTime
  /** Holds delays that are longer than the broker can; undefined where they go in hops. */
  readonly parked: ParkedDelays | undefined
  /** What is too large to travel. */
  readonly payloads: Payloads
}

/** What producer and worker share. One per app. */
export interface Runtime {
  readonly settings: ResolvedSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly codec: Codecs
  readonly registry: TaskRegistry
  readonly events: TaskEventHub
  readonly followUps: FollowUps
  /** The connection, once there is one: saves a turn of the event loop on every sending. */
  readonly connected: Connection | undefined
  /** Opens broker and backend once; later calls get the same. */
  connect(): Promise<Connection>
}

/** The longest delay a message may be sent with in one step. */
export function longestDelayMs({ broker, parked }: Connection): Millis {
  return parked ? Number.POSITIVE_INFINITY : broker.capabilities.maxDelayMs
}

/** @throws TqError `BACKEND_REQUIRED` that names the feature and the line that mends it. */
export function needBackend(connection: Connection, feature: string): Backend {
  if (connection.backend) return connection.backend
  throw new TqError(
    'BACKEND_REQUIRED',
    `${feature} needs a backend, and ${connection.broker.name} has none. Set TQ_BACKEND_URL (redis://…, sqlite:…), or createApp({ backend: '…' }).`,
    { details: { feature } },
  )
}
