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
import { SqliteAdmin } from './admin.ts'
import { sqliteCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import type { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import { addMessage, refusal } from './messages.ts'
import { Names } from './names.ts'
import type { ResolvedOptions } from './options.ts'
import { type ReceiverOptions, SqliteReceiver } from './receiver.ts'
import { ConnectionShare } from './shared-connection.ts'

/** Names what one atomic step can change: a namespace of a file. */
export function storeName({ file }: ResolvedOptions, namespace: string): string {
  return `sqlite:${file}#${namespace}`
}

/** Queues in a file. Owns its receivers and its share of the connection. */
export class SqliteBroker implements Broker {
  readonly name = 'sqlite'
  readonly store: string
  readonly capabilities = sqliteCapabilities
  readonly admin: QueueAdmin
  readonly #namespace: string
  readonly #share: ConnectionShare
  readonly #receivers = new Set<SqliteReceiver>()
  #names: Promise<Names> | undefined
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    this.store = storeName(options, namespace)
    this.#namespace = namespace
    this.#share = new ConnectionShare(options, clock)
    this.admin = new SqliteAdmin(() => this.#ready())
  }

  async open(): Promise<void> {
    const connection = await this.#share.open()
    this.#names ??= Names.of(connection, this.#namespace)
    try {
      await this.#names
    } catch (error) {
      this.#names = undefined
      throw error
    }
  }

  async declare(queue: QueueSpec): Promise<void> {
    const { connection, names } = await this.#ready()
    await connection.write(false, (transaction) => names.queue(transaction, queue.name))
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    const { connection, names } = await this.#ready()
    const refused = messages.map(refusal)
    return await connection.write(true, (transaction) =>
      messages.map((message, index): PublishOutcome => {
        const error = refused[index]
        if (error) return { rejected: 'limit', reason: error.message }
        addMessage(transaction, names, queue, message)
        return 'accepted'
      }),
    )
  }

  async openReceiver(queue: string, options: ReceiverOptions): Promise<Receiver> {
    const { connection, names } = await this.#ready()
    const receiver = await SqliteReceiver.open(connection, names, queue, options)
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
    for (const receiver of this.#receivers) await receiver.close().catch(() => {})
    this.#receivers.clear()
    await this.#share.close()
  }

  async #ready(): Promise<{ readonly connection: Connection; readonly names: Names }> {
    if (this.#closing !== undefined) throw new ClosedError()
    const { connection } = this.#share
    if (this.#names === undefined) throw new Error('call open() first')
    return { connection, names: await this.#names }
  }
}
