import type {
  AdapterContext,
  Broker,
  BrokerErrorCode,
  OutboundMessage,
  PublishOutcome,
  QueueAdmin,
  QueueSpec,
  Receiver,
} from '@tq/core/driver'
import { RedisAdmin } from './admin.ts'
import { redisCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import { Keys } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import { publishMessages } from './publishing.ts'
import { type ReceiverOptions, RedisReceiver } from './receiver.ts'
import { serverWarnings } from './server-check.ts'

/** Names what one atomic step can change: a namespace of a server. */
export function storeName({ store, keyPrefix }: ResolvedOptions, namespace: string): string | undefined {
  return store === undefined ? undefined : `${store}#${keyPrefix}${namespace}`
}

/** Queues on a Redis. Owns its receivers and its connections. */
export class RedisBroker implements Broker {
  readonly name = 'redis'
  readonly store?: string
  readonly capabilities = redisCapabilities
  readonly admin: QueueAdmin
  readonly #connection: Connection
  readonly #receivers = new Set<RedisReceiver>()
  #warnings: readonly string[] | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    const store = storeName(options, namespace)
    if (store !== undefined) this.store = store
    this.#connection = new Connection(options, new Keys(namespace, options.keyPrefix), clock)
    this.admin = new RedisAdmin(this.#connection)
  }

  async open(): Promise<void> {
    await this.#connection.open()
    this.#warnings ??= await serverWarnings(this.#connection.client)
  }

  get warnings(): readonly string[] {
    return this.#warnings ?? []
  }

  /** A queue comes into being with its first message. */
  async declare(_queue: QueueSpec): Promise<void> {
    await this.#connection.client.ping()
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    return await publishMessages(this.#connection, queue, messages)
  }

  async openReceiver(queue: string, options: ReceiverOptions): Promise<Receiver> {
    const { keys } = this.#connection
    const receiver = await RedisReceiver.open(this.#connection, keys.queue(queue), options)
    this.#receivers.add(receiver)
    if (this.#closing === undefined) return receiver
    await receiver.close()
    throw new ClosedError()
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#receivers].map((receiver) => receiver.close().catch(() => {})))
    this.#receivers.clear()
    this.#connection.close()
  }
}
