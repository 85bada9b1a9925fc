import type {
  Broker,
  MessageChange,
  OutboundMessage,
  PublishOutcome,
  QueueSpec,
  Receiver,
} from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { brokerCapabilities, classify, closedError, refusalOf } from './limits.ts'
import { MemoryReceiver } from './receiver.ts'
import type { MemoryStore } from './store.ts'

/** The reference: every promise of the contract in the plainest way. Messages live as long as the process. */
export class MemoryBroker implements Broker {
  readonly name = 'memory'
  readonly store: string
  readonly capabilities = brokerCapabilities
  readonly classify = classify
  readonly admin = {
    counts: async (queue: string) => this.#open().queue(queue).counts,
    purge: async (queue: string) => this.#open().queue(queue).purge(),
    change: async (queue: string, id: string, change: MessageChange) =>
      this.#open().queue(queue).change(id, change),
  }
  readonly #store: MemoryStore
  readonly #receivers = new Set<MemoryReceiver>()
  #closed = false

  constructor(store: MemoryStore) {
    this.#store = store
    this.store = store.name
  }

  async open(): Promise<void> {
    this.#open()
  }

  async declare(queue: QueueSpec): Promise<void> {
    this.#open().queue(queue.name)
  }

  async publish(queue: string, messages: readonly OutboundMessage[]): Promise<readonly PublishOutcome[]> {
    const store = this.#open()
    return messages.map((message) => {
      const refusal = refusalOf(message)
      if (refusal) return refusal
      store.accept(queue, message)
      return 'accepted'
    })
  }

  async openReceiver(queue: string, options: { leaseMs: Millis; prefetch: number }): Promise<Receiver> {
    const onClose = () => this.#receivers.delete(receiver)
    const receiver = new MemoryReceiver(this.#open(), queue, options, onClose)
    this.#receivers.add(receiver)
    return receiver
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const receiver of this.#receivers) await receiver.close()
  }

  #open(): MemoryStore {
    if (this.#closed) throw closedError()
    return this.#store
  }
}
