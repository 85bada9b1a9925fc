import type { InboundMessage, Lease } from '@tq/core/driver'

/** One message that this receiver's channel holds unsettled. */
export interface Held {
  /** The server's number of the delivery, on this channel. Rises. */
  readonly tag: number
  readonly message: InboundMessage
  /** Leases of it that have ended by themselves. */
  readonly lost: number
  /** The AMQP queue it came from. */
  readonly queue: string
  /** Whose credit it uses up; undefined when it was fetched. */
  readonly consumer: Credit | undefined
  readonly owner: object
  /** Handed out to core, which alone may settle it. */
  out: boolean
  settled: boolean
}

/** What a consumer may be sent, and what it has been. */
export interface Credit {
  readonly most: number
  used: number
}

export function toLease(held: Held): Lease {
  return held as unknown as Lease
}

export function fromLease(lease: Lease): Held {
  return lease as unknown as Held
}

/** Everything unsettled on one channel, in the order of the server's numbers. */
export class Deliveries {
  readonly #held = new Map<number, Held>()
  #out = 0

  /** How many are handed out. */
  get out(): number {
    return this.#out
  }

  add(held: Held): void {
    this.#held.set(held.tag, held)
    if (held.consumer) held.consumer.used++
  }

  handOut(held: Held): void {
    held.out = true
    this.#out++
  }

  /**
   * Takes them off the books. Returns how to tell the server with the fewest words: `upTo` settles everything up to it,
   * `singles` one each.
   */
  settle(chosen: ReadonlySet<Held>): {
    readonly upTo: number | undefined
    readonly singles: readonly number[]
  } {
    let upTo: number | undefined
    for (const held of this.#held.values()) {
      if (!chosen.has(held)) break
      upTo = held.tag
      this.#remove(held)
    }
    const singles: number[] = []
    for (const held of chosen) {
      if (held.settled) continue
      singles.push(held.tag)
      this.#remove(held)
    }
    return { upTo, singles }
  }

  /** The channel is gone: nothing of it can be settled any more. */
  clear(): void {
    for (const held of [...this.#held.values()]) this.#remove(held)
  }

  #remove(held: Held): void {
    held.settled = true
    this.#held.delete(held.tag)
    if (held.consumer) held.consumer.used--
    if (held.out) this.#out--
  }
}
