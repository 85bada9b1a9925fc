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
import { RabbitAdmin } from './admin.ts'
import { rabbitCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { delayRoute } from './delays.ts'
import { ClosedError } from './errors.ts'
import { Link } from './link.ts'
import { refusal } from './message-codec.ts'
import { bandOf } from './names.ts'
import type { ResolvedOptions } from './options.ts'
import { type Dispatch, Publishing } from './publishing.ts'
import { RabbitReceiver, type ReceiverOptions } from './receiver.ts'
import { Topology } from './topology.ts'

/** Queues on RabbitMQ. Owns two connections: one that publishes, one for everything else. */
export class RabbitBroker implements Broker {
  readonly name = 'rabbitmq'
  readonly capabilities: BrokerCapabilities
  readonly admin: QueueAdmin
  readonly #context: AdapterContext
  readonly #options: ResolvedOptions
  /** In an alarm the server does not read from a connection that publishes, acknowledgements included. */
  readonly #publishLink: Link
  readonly #consumeLink: Link
  /** Queues that ended the common connection, and the one each has for itself since. */
  readonly #apart = new Map<string, Link>()
  readonly #publishing: Publishing
  readonly #topology: Topology
  readonly #receivers = new Set<RabbitReceiver>()
  #closing: Promise<void> | undefined

  constructor(options: ResolvedOptions, context: AdapterContext) {
    this.#options = options
    this.#context = context
    this.capabilities = rabbitCapabilities(options.consumerTimeoutMs)
    this.#publishLink = new Link(options, 'publishing', context.clock)
    this.#consumeLink = new Link(options, 'consuming', context.clock)
    this.#publishing = new Publishing(this.#publishLink, context.clock)
    this.#topology = new Topology(this.#consumeLink, this.#publishLink, context.namespace)
    this.admin = new RabbitAdmin(this.#consumeLink, this.#topology)
  }

  async open(): Promise<void> {
    await Promise.all([this.#publishLink.get(), this.#consumeLink.get()])
  }

  async declare({ name }: QueueSpec): Promise<void> {
    await this.#topology.declare(name)
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    if (this.#closing !== undefined) throw new ClosedError()
    const outcomes: PublishOutcome[] = []
    const indexes: number[] = []
    for (const [index, message] of messages.entries()) {
      const refused = refusal(message)
      outcomes.push(refused ? { rejected: 'limit', reason: refused.message } : 'accepted')
      if (!refused) indexes.push(index)
    }
    await this.#send(queue, messages, indexes, outcomes)
    const missing = indexes.filter((index) => isMissing(outcomes[index]))
    if (missing.length === 0) return outcomes
    // What came back was certainly not stored. A queue comes into being with its first message, as on other brokers.
    this.#topology.forget(queue)
    await this.#topology.declare(queue)
    await this.#send(queue, messages, missing, outcomes)
    return outcomes
  }

  async openReceiver(queue: string, options: ReceiverOptions): Promise<Receiver> {
    if (this.#closing !== undefined) throw new ClosedError()
    await this.#topology.require(queue)
    const receiver = await this.#receiver(queue, options)
    this.#receivers.add(receiver)
    receiver.ended.addEventListener('abort', () => this.#receivers.delete(receiver))
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

  async #receiver(queue: string, options: ReceiverOptions): Promise<RabbitReceiver> {
    const names = this.#topology.names(queue)
    const live = await (this.#apart.get(queue) ?? this.#consumeLink).get()
    const receiver = await RabbitReceiver.open({
      live,
      names,
      clock: this.#context.clock,
      prefetch: options.prefetch,
      consumerTimeoutMs: this.#options.consumerTimeoutMs,
      publishing: this.#publishing,
      route: (name, delayMs) => this.#route(name, delayMs),
      onMissing: () => this.#topology.forget(queue),
    })
    receiver.ended.addEventListener('abort', () => {
      if (live.lost.aborted && blames(live.lost.reason, names.all)) this.#setApart(queue)
    })
    return receiver
  }

  /**
   * A queue without a leader ends the whole connection of whoever asks for a message (541). It gets a connection of its
   * own, so that it does not take what the others hold, again and again.
   */
  #setApart(queue: string): void {
    if (this.#apart.has(queue) || this.#closing !== undefined) return
    this.#apart.set(queue, new Link(this.#options, `consuming ${queue}`, this.#context.clock))
  }

  async #send(
    queue: string,
    messages: readonly OutboundMessage[],
    indexes: readonly number[],
    outcomes: PublishOutcome[],
  ): Promise<void> {
    const { bands } = this.#topology.names(queue)
    const chosen = indexes.map((index) => messages[index] as OutboundMessage)
    const delayed = chosen.some(({ delayMs = 0 }) => delayMs > 0)
    // What waits finds its queue only when it is due: that it is there has to be known before.
    if (delayed) await Promise.all([this.#topology.require(queue), this.#topology.requireDelays()])
    const dispatches = chosen.map((message): Dispatch => {
      const { priority = 4, delayMs = 0 } = message
      return { ...place(bands[bandOf(priority)], delayMs), message, lost: 0 }
    })
    const sent = await this.#publishing.send(dispatches)
    for (const [place, index] of indexes.entries()) outcomes[index] = sent[place] ?? 'unknown'
  }

  async #route(name: string, delayMs: number): Promise<Pick<Dispatch, 'exchange' | 'key'>> {
    if (delayMs > 0) await this.#topology.requireDelays()
    return place(name, delayMs)
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#receivers].map((receiver) => receiver.close().catch(() => {})))
    this.#receivers.clear()
    const links = [this.#publishLink, this.#consumeLink, ...this.#apart.values()]
    await Promise.all(links.map((link) => link.close()))
  }
}

/** The server ended the connection, and says that it was for one of these queues. */
function blames(error: unknown, amqpQueues: readonly string[]): boolean {
  return (
    String(error).includes('INTERNAL_ERROR') && amqpQueues.some((name) => String(error).includes(`'${name}'`))
  )
}

function isMissing(outcome: PublishOutcome | undefined): boolean {
  return typeof outcome === 'object' && outcome.rejected === 'queue-missing'
}

/** Where on the server a message is put. */
function place(name: string, delayMs: number): Pick<Dispatch, 'exchange' | 'key'> {
  return delayMs > 0 ? delayRoute(delayMs, name) : { exchange: '', key: name }
}
