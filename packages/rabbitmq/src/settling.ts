import type { Lease, Millis, PublishOutcome, Settlement } from '@tq/core/driver'
import type { Channel } from 'amqplib'
import { type Deliveries, fromLease, type Held } from './deliveries.ts'
import type { Dispatch, Publishing } from './publishing.ts'

/** Where a copy of a message goes that is given back. */
export type Route = (amqpQueue: string, delayMs: Millis) => Promise<Pick<Dispatch, 'exchange' | 'key'>>

export interface SettlingOptions {
  readonly channel: Channel
  readonly deliveries: Deliveries
  readonly publishing: Publishing
  readonly route: Route
  /** Messages are given back in place, and nothing counts how often: dead letters, which are only looked at. */
  readonly inPlace: boolean
  /** Resolves when the server has seen all that was written on the channel. */
  readonly sync: () => Promise<unknown>
  /** Less is held than before. */
  readonly onRoom: () => void
}

/**
 * How one receiver settles what it holds. An acknowledgement has no answer, so each group is followed by a question
 * that has one: once that is there, the server has seen the group.
 */
export class Settling {
  readonly #options: SettlingOptions
  /** A copy is on its way. */
  readonly #leaving = new Set<Held>()

  constructor(options: SettlingOptions) {
    this.#options = options
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    const { answers, chosen } = this.#choose(leases)
    if (chosen.size === 0) return answers
    this.#ackAll(new Set(chosen.keys()))
    const seen = await this.#seen()
    for (const index of chosen.values()) answers[index] = seen
    return answers
  }

  /**
   * The server would count a message that is simply returned as if its holder had died, and would not wait. So a copy is
   * published, and the original acknowledged when the copy is safe.
   */
  async nack(leases: readonly Lease[], delayMs: Millis): Promise<readonly Settlement[]> {
    const { answers, chosen } = this.#choose(leases)
    if (chosen.size === 0) return answers
    const all = [...chosen.keys()]
    if (this.#options.inPlace && delayMs === 0) {
      this.#requeue(all)
      const seen = await this.#seen()
      for (const index of chosen.values()) answers[index] = seen
      return answers
    }
    const gone = await this.#replace(all, delayMs)
    const seen = await this.#seen()
    for (const [held, index] of chosen) answers[index] = gone.has(held) ? seen : 'unknown'
    return answers
  }

  /** What core never saw goes back at once. */
  async giveBack(all: readonly Held[]): Promise<void> {
    if (all.length === 0) return
    if (this.#options.inPlace) this.#requeue(all)
    else await this.#replace(all, 0)
  }

  /** Puts them into another queue instead. True when they are there. */
  async move(held: Held, amqpQueue: string): Promise<boolean> {
    const [outcome] = await this.#copy([held], () => Promise.resolve({ exchange: '', key: amqpQueue }))
    if (outcome !== 'accepted' || held.settled) return false
    this.#ackAll(new Set([held]))
    return true
  }

  /** Copies, then acknowledges. Returns those that are settled; without a copy one is returned, if it need not wait. */
  async #replace(all: readonly Held[], delayMs: Millis): Promise<ReadonlySet<Held>> {
    for (const held of all) this.#leaving.add(held)
    try {
      const outcomes = await this.#copy(all, (queue) => this.#options.route(queue, delayMs))
      const still = all
        .map((held, index) => ({ held, outcome: outcomes[index] }))
        .filter(({ held }) => !held.settled)
      const copied = still.filter(({ outcome }) => outcome === 'accepted').map(({ held }) => held)
      const left = still.filter(({ outcome }) => outcome !== 'accepted').map(({ held }) => held)
      this.#ackAll(new Set(copied))
      if (delayMs > 0) return new Set(copied)
      this.#requeue(left)
      return new Set([...copied, ...left])
    } finally {
      for (const held of all) this.#leaving.delete(held)
    }
  }

  async #copy(
    all: readonly Held[],
    route: (queue: string) => ReturnType<Route>,
  ): Promise<readonly PublishOutcome[]> {
    try {
      const dispatches: Dispatch[] = []
      for (const { message, lost, queue } of all) dispatches.push({ ...(await route(queue)), message, lost })
      return await this.#options.publishing.send(dispatches)
    } catch {
      // Nothing can be published now; what is held stays held, or is returned.
      return all.map(() => 'unknown')
    }
  }

  #ackAll(chosen: ReadonlySet<Held>): void {
    if (chosen.size === 0) return
    const { channel, deliveries, onRoom } = this.#options
    const { upTo, singles } = deliveries.settle(chosen)
    if (upTo !== undefined) channel.ack(tagged(upTo), true)
    for (const tag of singles) channel.ack(tagged(tag))
    onRoom()
  }

  #requeue(all: readonly Held[]): void {
    const { channel, deliveries, onRoom } = this.#options
    const { upTo, singles } = deliveries.settle(new Set(all))
    if (upTo !== undefined) channel.nack(tagged(upTo), true, true)
    for (const tag of singles) channel.nack(tagged(tag), false, true)
    onRoom()
  }

  async #seen(): Promise<Settlement> {
    try {
      await this.#options.sync()
      return 'ok'
    } catch {
      return 'unknown'
    }
  }

  /** Those this receiver may settle, with their places. */
  #choose(leases: readonly Lease[]): {
    readonly answers: Settlement[]
    readonly chosen: ReadonlyMap<Held, number>
  } {
    const answers = leases.map((): Settlement => 'lost')
    const chosen = new Map<Held, number>()
    for (const [index, lease] of leases.entries()) {
      const held = fromLease(lease)
      if (held.owner !== this.#options.deliveries || held.settled) continue
      if (!chosen.has(held) && !this.#leaving.has(held)) chosen.set(held, index)
    }
    return { answers, chosen }
  }
}

/** amqplib wants a message and looks at its number only. */
function tagged(deliveryTag: number): Parameters<Channel['ack']>[0] {
  return { fields: { deliveryTag } } as Parameters<Channel['ack']>[0]
}
