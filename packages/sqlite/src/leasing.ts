import { randomInt } from 'node:crypto'
import type { Delivery, Millis } from '@tq/core/driver'
import { isAlive, keepReceiver, type Life, newLife, reclaimExpired, toLease } from './leases.ts'
import { type LeasedMessage, leaseMessages, promoteDue } from './messages.ts'
import { verdictOf } from './records.ts'
import type { Transaction } from './transaction.ts'

/** One lease in so many starts from the bottom. */
const bottomEvery = 16

/**
 * How one receiver comes to its deliveries. Owns the receiver's current life, and starts a new one when it finds
 * that the last one was ended.
 */
export class Leasing {
  readonly leaseMs: Millis
  readonly queue: number
  readonly #namespace: number
  readonly #prefetch: number
  #life: Life
  #deliveries = 0
  #likelyMore = false
  // Receivers that live for a few leases only must serve the low ones, too.
  #taken = randomInt(bottomEvery)

  constructor(
    namespace: number,
    queue: number,
    options: { readonly leaseMs: Millis; readonly prefetch: number },
    life: Life,
  ) {
    this.#namespace = namespace
    this.queue = queue
    this.leaseMs = options.leaseMs
    this.#prefetch = options.prefetch
    this.#life = life
  }

  get life(): Life {
    return this.#life
  }

  /** It holds as many as it may. */
  get isFull(): boolean {
    return this.#life.held >= this.#prefetch
  }

  /** The last lease brought as many as were asked for. */
  get likelyMore(): boolean {
    return this.#likelyMore && !this.isFull
  }

  /** Up to `max` deliveries, in one transaction with everything that has to happen before. */
  lease(transaction: Transaction, max: number): readonly Delivery[] {
    reclaimExpired(transaction)
    const life = isAlive(transaction, this.#life.id) ? this.#life : newLife()
    const room = Math.min(max, this.#prefetch - life.held)
    if (room <= 0) return []
    promoteDue(transaction, this.queue)
    const bottom = Math.floor((this.#taken + room) / bottomEvery) - Math.floor(this.#taken / bottomEvery)
    const delivery = ++this.#deliveries
    const rows = leaseMessages(transaction, {
      namespace: this.#namespace,
      queue: this.queue,
      receiver: life.id,
      delivery,
      top: room - bottom,
      bottom,
    })
    if (rows.length > 0) keepReceiver(transaction, life.id, this.queue, this.leaseMs)
    transaction.afterCommit(() => {
      this.#likelyMore = rows.length === room
      if (rows.length === 0) return
      this.#taken += rows.length
      this.#life = life
      life.held += rows.length
    })
    return rows.map((row) => deliveryOf(row, life, delivery, this))
  }
}

function deliveryOf(leased: LeasedMessage, life: Life, delivery: number, owner: Leasing): Delivery {
  const { message, seq, lost, sent, state, run } = leased
  const verdict = verdictOf(state, run)
  return {
    message,
    lease: toLease({ seq, life, delivery, owner, settled: false }),
    deliveryCount: lost + 1,
    sentAt: sent,
    ...(verdict ? { verdict } : {}),
  }
}
