import type { Broker } from '../contracts/broker.ts'
import type { Clock } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'

/** How long a count is trusted; what we send meanwhile is added to it. */
const trustedMs = 250

interface Known {
  readonly at: number
  ready: number
}

/** Refuses to send into a queue that is too long. Bounds it roughly: other senders count only after a moment. */
export class QueueLimit {
  readonly #broker: Broker
  readonly #clock: Clock
  readonly #limit: number
  readonly #known = new Map<string, Known>()

  /** @throws TqError `CAPABILITY_MISSING` when the broker cannot count. */
  constructor(broker: Broker, clock: Clock, limit: number) {
    this.#broker = broker
    this.#clock = clock
    this.#limit = limit
    if (limit !== Number.POSITIVE_INFINITY && !broker.admin) {
      throw new TqError(
        'CAPABILITY_MISSING',
        `maxQueueLength: ${broker.name} cannot count the messages of a queue.`,
      )
    }
  }

  /** @throws TqError `QUEUE_FULL` */
  async admit(queue: string, tasks: number): Promise<void> {
    const { admin } = this.#broker
    if (this.#limit === Number.POSITIVE_INFINITY || !admin) return
    let known = this.#known.get(queue)
    if (!known || this.#clock.monotonic() - known.at > trustedMs) {
      known = { at: this.#clock.monotonic(), ready: (await admin.counts(queue)).ready }
      this.#known.set(queue, known)
    }
    if (known.ready + tasks > this.#limit) {
      throw new TqError(
        'QUEUE_FULL',
        `Queue '${queue}' has ${known.ready} tasks ready; maxQueueLength is ${this.#limit}. Try again when workers have caught up.`,
        { details: { queue, ready: known.ready, limit: this.#limit } },
      )
    }
    known.ready += tasks
  }
}
