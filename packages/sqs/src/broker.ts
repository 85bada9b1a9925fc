import { GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import type {
  AdapterContext,
  Broker,
  BrokerCapabilities,
  BrokerErrorCode,
  OutboundMessage,
  PublishOutcome,
  QueueAdmin,
  QueueSpec,
  Receiver,
} from '@tq/core/driver'
import { SqsAdmin } from './admin.ts'
import { capabilitiesOf } from './capabilities.ts'
import { classify } from './classify.ts'
import { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import { publishMessages } from './publishing.ts'
import { type ReceiverOptions, SqsReceiver } from './receiver.ts'

/** Queues on SQS. Owns its receivers and its client. */
export class SqsBroker implements Broker {
  readonly name = 'sqs'
  readonly capabilities: BrokerCapabilities
  readonly admin: QueueAdmin
  readonly #connection: Connection
  readonly #receivers = new Set<SqsReceiver>()
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    this.capabilities = capabilitiesOf(options)
    this.#connection = new Connection(options, namespace, clock)
    this.admin = new SqsAdmin(this.#connection)
  }

  /** Asks for a queue: that it is not there, or not ours to ask for, is an answer too. */
  async open(): Promise<void> {
    const { queues } = this.#connection
    try {
      await this.#connection.askPatiently((client) =>
        client.send(new GetQueueUrlCommand({ QueueName: queues.probe })),
      )
    } catch (error) {
      const denied = (error as { name?: string }).name?.startsWith('AccessDenied') ?? false
      if (!denied && classify(error) !== 'queue-missing') throw error
    }
  }

  async declare({ name }: QueueSpec): Promise<void> {
    await this.#connection.queues.declare(name)
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    return await publishMessages(this.#connection, queue, messages)
  }

  async openReceiver(queue: string, options: ReceiverOptions): Promise<Receiver> {
    const queues = await this.#connection.queues.all(queue)
    if (this.#closing !== undefined) throw new ClosedError()
    const receiver = new SqsReceiver(this.#connection, queues, options, () =>
      this.#receivers.delete(receiver),
    )
    this.#receivers.add(receiver)
    return receiver
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Polls under way end by themselves, twenty seconds at the most, and what they bring is given back. */
  async #close(): Promise<void> {
    await Promise.all([...this.#receivers].map((receiver) => receiver.ended()))
    this.#connection.close()
  }
}
