import { keepAsides, type Packed } from '../runtime/packing.ts'
import type { Connection } from '../runtime/runtime.ts'

/** So many messages wait here at the most: a group of 100,000 goes out in parts. */
const fullAt = 1_000
/** So much that is to be kept before them. */
const heavyAt = 16 * 1_048_576

/** Messages to be sent together, by queue. */
export class Outbox {
  readonly #connection: Connection
  #waiting = new Map<string, Packed[]>()
  #size = 0
  #bytes = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Resolves at once, or, when enough have come together, when they are sent. */
  async add(queue: string, packed: Packed): Promise<void> {
    const waiting = this.#waiting.get(queue)
    if (waiting) waiting.push(packed)
    else this.#waiting.set(queue, [packed])
    for (const { ref } of packed.asides) this.#bytes += ref.bytes
    if (++this.#size >= fullAt || this.#bytes >= heavyAt) await this.flush()
  }

  /** Resolves when the broker has accepted all of them. */
  async flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = new Map()
    this.#size = 0
    this.#bytes = 0
    await Promise.all([...waiting].map(([queue, packed]) => this.#send(queue, packed)))
  }

  async #send(queue: string, packed: readonly Packed[]): Promise<void> {
    await keepAsides(this.#connection, packed)
    await this.#connection.publisher.publish(
      queue,
      packed.map(({ message }) => message),
    )
  }
}
