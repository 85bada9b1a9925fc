import type { TaskRecord } from './record.ts'
import type { Millis } from './time.ts'

/** 0 (last) to 9 (first). A broker with fewer levels maps bands onto those it has. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/** What core hands to a broker. The body is opaque: a broker never parses it. */
export interface OutboundMessage {
  /** The task's id. Two messages may carry the same id: a retry is a new message of the same task. */
  readonly id: string
  readonly body: Uint8Array
  /** Few and short; any unicode text. */
  readonly headers: Readonly<Record<string, string>>
  /** Not receivable before this long after publish; never early. At most `capabilities.maxDelayMs`. Default 0. */
  readonly delayMs?: Millis
  /** Default 4. */
  readonly priority?: Priority
  /** Messages of one group are kept in order (FIFO) or shared fairly between groups, where the service can. */
  readonly group?: string
  /**
   * Only where broker and backend are one store (`broker.store === backend.store`): stored together with the
   * message in one atomic step. When a record of that id with the same or a higher (generation, attempt)
   * exists, the task was accepted before: nothing is stored again and the outcome is `accepted`.
   */
  readonly record?: TaskRecord
}

/** A message and the queue it goes to. */
export interface RoutedMessage {
  readonly queue: string
  readonly message: OutboundMessage
}

export interface InboundMessage {
  readonly id: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly priority: Priority
}

declare const leaseBrand: unique symbol
/**
 * The right to settle one delivery. Opaque to core. Two deliveries of a message never share a lease: a holder
 * whose lease has ended gets `lost` and changes nothing. A lease may outlive its time for as long as nobody else was
 * given the message: then a late settle is still `ok`.
 */
export interface Lease {
  readonly [leaseBrand]: true
}

export interface Delivery {
  readonly message: InboundMessage
  readonly lease: Lease
  /**
   * 1, plus how many earlier leases of this message ended by themselves (expired, or their connection broke).
   * A `nack` is not counted. Undefined when `capabilities.deliveryCount` is false.
   */
  readonly deliveryCount: number | undefined
  /** When it became receivable or was published, in milliseconds since 1970 by the service's clock, where known. */
  readonly sentAt?: number
  /**
   * Only where broker and backend are one store: what the task's record says of it, read in the same step.
   * `run` replaces `ResultBackend.claim`; undefined means core has to ask `claim`.
   */
  readonly verdict?: 'run' | 'terminal' | 'revoked'
}

/**
 * `ok`: done. `lost`: the lease had already ended and the call changed nothing. `stale` (commit only): the
 * message is gone, but its record was refused (the task had ended or was revoked), so nothing was published.
 * `unknown`: no answer came; asking again is safe.
 */
export type Settlement = 'ok' | 'lost' | 'stale' | 'unknown'

/** One finished delivery: store the record, publish the follow-ups and ack, all or nothing. */
export interface CommitItem {
  readonly lease: Lease
  readonly record?: TaskRecord
  readonly publish?: readonly RoutedMessage[]
}

/**
 * How a thread of its own can keep this receiver's leases while the main event loop is blocked: it imports
 * `module` (a file URL) and calls its export `createKeeper(data)`, which returns a `LeaseKeeper`.
 */
export interface KeeperSpec {
  readonly module: string
  /** Anything that can be cloned to another thread. */
  readonly data: unknown
}

/** Runs in a thread of its own, with a connection of its own. */
export interface LeaseKeeper {
  /** Renews all that the receiver holds. `lost`: leases have ended; the receiver's `extend` says which. Rejects when it could not tell. */
  extend(): Promise<'ok' | 'lost'>
  close(): Promise<void>
}

/** One consumer of one queue, used by one worker. On RabbitMQ it is a channel. */
export interface Receiver {
  /** Present where leases are timed and another thread can renew them. */
  readonly keeper?: KeeperSpec
  /**
   * Waits up to `waitMs` for a first delivery, never to fill up to `max`. An abort ends the wait early; the call
   * still resolves, with whatever was already leased: an abort strands no delivery. A reply lost on the wire
   * orphans nothing. At most one call at a time.
   *
   * `idle`: nothing runs in the worker, and it asks no other queue. What comes is started at once, so a driver may let
   * the service lease a first message for it without being asked again.
   */
  receive(options: {
    readonly max: number
    readonly waitMs: Millis
    readonly signal: AbortSignal
    readonly idle?: boolean
  }): Promise<readonly Delivery[]>
  /** Done: the messages are gone. One settlement per lease, in order. A second ack is `lost`. */
  ack(leases: readonly Lease[]): Promise<readonly Settlement[]>
  /**
   * Given back unchanged, receivable again after `delayMs`. May duplicate a message if the process dies
   * midway, must never lose it. Does not raise `deliveryCount`.
   */
  nack(leases: readonly Lease[], options: { readonly delayMs: Millis }): Promise<readonly Settlement[]>
  /** Still working: timed leases end `leaseMs` from now. May renew more than was named. Says what is still held. */
  extend(leases: readonly Lease[]): Promise<readonly Settlement[]>
  /**
   * Only where broker and backend are one store. Per item, in one atomic step: check the lease, store the
   * record (fenced as `ResultBackend.put`), publish, ack. A repeated call tells what happened. A follow-up that
   * does not fit rejects the whole call as `limit`, and nothing has changed. A retry's message carries no `record`:
   * the item's own says it all.
   */
  commit?(items: readonly CommitItem[]): Promise<readonly Settlement[]>
  /**
   * Idempotent. What was leased but not yet handed out goes back at once; leases handed out end by themselves
   * (`timed`) or are released (`connection`).
   */
  close(): Promise<void>
}

/** Constant for the life of the instance. Every field is required: a new one must be a compile error in every driver. */
export interface BrokerCapabilities {
  /** Accepted messages survive a restart of the service. */
  readonly durable: boolean
  /** Instances created separately, in other processes too, see the same queues. */
  readonly shared: boolean
  /** `timed`: ends `leaseMs` after receive or the last extend. `connection`: ends when the receiver closes or its connection drops. */
  readonly lease: 'timed' | 'connection'
  /** The longest one delivery may stay leased in all, extends included. `Infinity` where there is no such end. */
  readonly maxLeaseMs: Millis
  /** What makes `maxLeaseMs` longer, and how to tell tq of it; undefined where nothing does. For people. */
  readonly leaseSetting: string | undefined
  /**
   * `strict`: a settle on an ended lease is always `lost` and changes nothing. `advisory`: the service cannot
   * tell, so core also stops settling by its own clock and by the backend's claim.
   */
  readonly fencing: 'strict' | 'advisory'
  /** The longest native delay. Above 0; core reaches longer delays by hops or parking. */
  readonly maxDelayMs: Millis
  /** How many of the ten priorities it really tells apart. */
  readonly priorityLevels: number
  /** `fifo`: messages of one priority and group come in the order they were published. */
  readonly ordering: 'none' | 'fifo'
  readonly deliveryCount: boolean
  readonly maxBodyBytes: number
  /** The most messages per publish and leases per settle call. Core splits longer lists. */
  readonly maxBatch: number
  /** Times are kept no finer than this. */
  readonly timeResolutionMs: Millis
}

/**
 * What a raw client error means. `connection`: not reached, retry may help. `closed`: the instance was closed.
 * `queue-missing`, `limit` (too large, too many), `permission`, `full` (no room, for now), `blocked` (the service
 * refuses for now), `config` (settings that contradict the service's).
 */
export type BrokerErrorCode =
  | 'connection'
  | 'closed'
  | 'queue-missing'
  | 'limit'
  | 'permission'
  | 'full'
  | 'blocked'
  | 'config'
  | 'unknown'

/**
 * `accepted`: as durable as the service can. `unknown`: no answer came; it is safe to send again with the same
 * id. `rejected`: certainly not stored.
 */
export type PublishOutcome =
  | 'accepted'
  | 'unknown'
  | { readonly rejected: BrokerErrorCode; readonly reason: string }

export interface QueueSpec {
  readonly name: string
}

/** Numbers may lag behind. */
export interface QueueCounts {
  /** Receivable now. */
  readonly ready: number
  /** Leased and not yet settled. Undefined where the service does not say. */
  readonly leased: number | undefined
  /** Waiting for their time. Undefined where they wait in a place that all queues share. */
  readonly delayed: number | undefined
}

/** What is changed of a message that waits; what is left out stays. */
export interface MessageChange {
  /** Receivable this long from now, never early; 0 is at once. */
  readonly delayMs?: Millis
  readonly priority?: Priority
}

/** For commands and dashboards, where the service can. */
export interface QueueAdmin {
  counts(queue: string): Promise<QueueCounts>
  /**
   * Removes everything ready and, where `counts` tells of them, delayed; leased messages stay. Returns how many went.
   */
  purge(queue: string): Promise<number>
  /**
   * Where the service can reach into a queue: changes a message of this id that is ready or delayed, in one atomic step,
   * so that it is never lost, doubled or early. One that is ready already stays in its place unless its priority or time
   * changes; then it goes behind those that wait. False, and nothing changed, when none waits. May look through the whole
   * queue: for people, not for every task.
   */
  change?(queue: string, id: string, change: MessageChange): Promise<boolean>
}

/**
 * A driver: maps these verbs to one service and does nothing else. It does not retry, log, wrap errors, parse
 * bodies, validate others' options or know tasks; the runtime above does these once, for all.
 */
export interface Broker {
  /** For people: `memory`, `redis`, … */
  readonly name: string
  /** Names the store it writes to; equal to a backend's `store` when one atomic step can change both. */
  readonly store?: string
  readonly capabilities: BrokerCapabilities
  /** Idempotent. After it resolves every method works. Rejects when the service cannot be reached. */
  open(): Promise<void>
  /** Idempotent. Creates what the queue needs, or checks it. */
  declare(queue: QueueSpec): Promise<void>
  /** One outcome per message, in order. Never retries. */
  publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]>
  /** One queue, all its priorities. Core arbitrates between queues. */
  openReceiver(
    queue: string,
    options: {
      /** Length of a timed lease. */
      readonly leaseMs: Millis
      /** The most deliveries this receiver may hold unsettled, handed out or buffered. */
      readonly prefetch: number
    },
  ): Promise<Receiver>
  classify(error: unknown): BrokerErrorCode
  /** Idempotent. Closes its receivers, then the connections it opened itself. */
  close(): Promise<void>
  readonly admin?: QueueAdmin
  /** What of the service's settings may lose tasks, each with what mends it; known after `open`. For people. */
  readonly warnings?: readonly string[]
}
