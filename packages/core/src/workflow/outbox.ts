import type { OutboundMessage } from '../contracts/broker.ts'
import type { Publisher } from '../runtime/publisher.ts'

/** So many messages wait here at the most: a group of 100,000 goes out in parts. */
const fullAt = 1_000

/** Messages to be sent together, by queue. */
export class Outbox {
  readonly #publisher: Publisher
  #waiting = new Map<string, OutboundMessage[]>()
  #size = 0

  constructor(publisher: Publisher) {
    this.#publisher = publisher
  }

  /** Resolves at once, or, when enough have come together, when they are sent. */
  async add(queue: string, message: OutboundMessage): Promise<void> {
    const messages = this.#waiting.get(queue)
    if (messages) messages.push(message)
    else this.#waiting.set(queue, [message])
    if (++this.#size >= fullAt) await this.flush()
  }

  /** Resolves when the broker has accepted all of them. */
  async flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = new Map()
    this.#size = 0
    await Promise.all([...waiting].map(([queue, messages]) => this.#publisher.publish(queue, messages)))
  }
}
