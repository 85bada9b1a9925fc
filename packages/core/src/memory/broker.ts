import type {
  Broker,
  BrokerErrorCode,
  OutboundMessage,
  PublishOutcome,
  QueueAdmin,
  QueueSpec,
  Receiver,
} from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { ClosedError } from './closed-error.ts'
import { memoryCapabilities, publish } from './publish.ts'
import { MemoryReceiver } from './receiver.ts'
import type { MemoryStore } from './store.ts'

/** The reference: every promise of the contract in the plainest way. Tasks live as long as the process. */
export class MemoryBroker implements Broker {
  readonly name = 'memory'
  readonly store: string
  readonly capabilities = memoryCapabilities
  readonly admin: QueueAdmin
  readonly #store: MemoryStore
  readonly #receivers = new Set<MemoryReceiver>()
  #closed = false

  constructor(store: MemoryStore) {
    this.#store = store
    this.store = store.name
    this.admin = {
      counts: async (queue) => this.#open().queue(queue).counts,
      purge: async (queue) => this.#open().queue(queue).purge(),
    }
  }

  async open(): Promise<void> {
    this.#open()
  }

  async declare(queue: QueueSpec): Promise<void> {
    this.#open().queue(queue.name)
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    const store = this.#open()
    return messages.map((message) => publish(store, queue, message))
  }

  async openReceiver(queue: string, options: { leaseMs: Millis; prefetch: number }): Promise<Receiver> {
    const receiver = new MemoryReceiver(this.#open(), queue, options)
    this.#receivers.add(receiver)
    return receiver
  }

  classify(error: unknown): BrokerErrorCode {
    return error instanceof ClosedError ? 'closed' : 'unknown'
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const receiver of this.#receivers) await receiver.close()
    this.#receivers.clear()
  }

  #open(): MemoryStore {
    if (this.#closed) throw new ClosedError()
    return this.#store
  }
}
