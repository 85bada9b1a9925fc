import type {
  Broker,
  BrokerErrorCode,
  CommitItem,
  Lease,
  OutboundMessage,
  PublishOutcome,
  QueueCounts,
  QueueSpec,
  Receiver,
  Settlement,
} from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import type { Envelope } from '../task/envelope.ts'

/** A task that was sent, by anybody: the application, another task, a workflow. */
export interface SentTask<Input = unknown> {
  readonly id: string
  readonly task: string
  readonly input: Input
  readonly queue: string
  /** 0 (last) to 9 (first). */
  readonly priority: number
  /** In milliseconds; 0 for at once. */
  readonly delayMs: Millis
  /** The task that sent it. */
  readonly parent: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** What may go wrong, on purpose. */
export interface Faults {
  /**
   * The broker takes no messages: `blocked` (an alarm), `full`, or cannot be reached. As in life, sending is tried again
   * until the app's `publishTimeout` is over, so a test has to advance the clock. Undefined mends it.
   */
  refuseSends(reason: 'blocked' | 'full' | 'connection' | undefined): void
  /**
   * The next so many runs that end are not believed, as when a worker dies before it could tell: their results and
   * follow-ups are lost, and the task runs again. Shows whether running twice is as good as running once.
   */
  runAgain(times?: number): void
}

/** The memory broker, watched and, where a test wants it, failing. */
export class TestBroker implements Broker, Faults {
  readonly name = 'memory'
  readonly store?: string
  readonly capabilities: Broker['capabilities']
  readonly sent: SentTask[] = []
  /** When delayed messages fall due, by the monotonic clock. */
  readonly due: Millis[] = []
  readonly #inner: Broker
  readonly #clock: Clock
  readonly #queues = new Set<string>()
  readonly #known = new Set<string>()
  #refused: BrokerErrorCode | undefined
  #again = 0

  constructor(inner: Broker, clock: Clock) {
    this.#inner = inner
    this.#clock = clock
    if (inner.store !== undefined) this.store = inner.store
    this.capabilities = inner.capabilities
  }

  get admin(): NonNullable<Broker['admin']> {
    const { admin } = this.#inner
    if (!admin) throw new Error('The memory broker counts.')
    return admin
  }

  refuseSends(reason: 'blocked' | 'full' | 'connection' | undefined): void {
    this.#refused = reason
  }

  runAgain(times = 1): void {
    this.#again += times
  }

  open(): Promise<void> {
    return this.#inner.open()
  }

  declare(queue: QueueSpec): Promise<void> {
    this.#queues.add(queue.name)
    return this.#inner.declare(queue)
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    const rejected = this.#refused
    if (rejected) return messages.map(() => ({ rejected, reason: 'the test says so' }))
    this.#note(queue, messages)
    return await this.#inner.publish(queue, messages)
  }

  async openReceiver(...options: Parameters<Broker['openReceiver']>): Promise<Receiver> {
    this.#queues.add(options[0])
    return this.#watched(await this.#inner.openReceiver(...options))
  }

  classify(error: unknown): BrokerErrorCode {
    return this.#inner.classify(error)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** Of all queues but the dead letters'. */
  async counts(): Promise<Readonly<Record<string, QueueCounts>>> {
    const names = [...this.#queues].filter((name) => !name.endsWith('.dead'))
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await this.admin.counts(name)] as const)),
    )
  }

  #watched(inner: Receiver): Receiver {
    const commit = inner.commit?.bind(inner)
    return {
      receive: (options) => inner.receive(options),
      nack: (leases, options) => inner.nack(leases, options),
      extend: (leases) => inner.extend(leases),
      close: () => inner.close(),
      ack: (leases) =>
        this.#settle(
          inner,
          leases,
          (lease) => lease,
          (believed) => inner.ack(believed),
        ),
      ...(commit
        ? {
            commit: (items: readonly CommitItem[]) =>
              this.#settle(
                inner,
                items,
                ({ lease }) => lease,
                (believed) => {
                  for (const { publish = [] } of believed)
                    for (const { queue, message } of publish) this.#note(queue, [message])
                  return commit(believed)
                },
              ),
          }
        : {}),
    }
  }

  /** Settles what is believed; the rest goes back to its queue, and its holder is told that it had lost it. */
  async #settle<Item>(
    inner: Receiver,
    items: readonly Item[],
    leaseOf: (item: Item) => Lease,
    settle: (believed: readonly Item[]) => Promise<readonly Settlement[]>,
  ): Promise<readonly Settlement[]> {
    const doubted = items.slice(0, this.#again)
    this.#again -= doubted.length
    const believed = items.slice(doubted.length)
    if (doubted.length > 0) await inner.nack(doubted.map(leaseOf), { delayMs: 0 })
    const settled = believed.length > 0 ? await settle(believed) : []
    return [...doubted.map((): Settlement => 'lost'), ...settled]
  }

  #note(queue: string, messages: readonly OutboundMessage[]): void {
    this.#queues.add(queue)
    for (const { id, body, delayMs = 0, priority = 4 } of messages) {
      if (delayMs > 0) this.due.push(this.#clock.monotonic() + delayMs)
      // Retries and whatever else comes again are not sent anew.
      if (this.#known.has(id) || queue.endsWith('.dead')) continue
      this.#known.add(id)
      const { task, input, parent, headers = {} } = JSON.parse(Buffer.from(body).toString()) as Envelope
      this.sent.push({ id, task, input, queue, priority, delayMs, parent, headers })
    }
  }
}
