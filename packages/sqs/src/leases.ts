import type { InboundMessage, Lease, Millis } from '@tq/core/driver'
import { LeaseTable, type Slot, sharedNow, slot } from './lease-table.ts'

/** What stands behind the opaque lease: one delivery of a message. */
export interface Held {
  readonly message: InboundMessage
  readonly handle: string
  /** The place of its band. */
  readonly band: number
  /** Leases of the message that ended by themselves before this one. */
  readonly lost: number
  readonly group: string | undefined
  readonly sentAt: number | undefined
  /** Who may settle it. */
  readonly owner: Leases
  /** Where it lies in the table; undefined when it has no place there. */
  readonly at: number | undefined
  /** When it ends, where it has no place in the table. */
  readonly endsAt: Millis
  /** Settled, or over. */
  gone: boolean
  /** A copy of it was sent: it only has to be deleted. */
  copied: boolean
  /** It was acknowledged: it does not come again. */
  done: boolean
}

/** Room in the table beyond what may be held: for what a poll brings over the bound, until it is given back. */
const spareSlots = 64

/** The leases of one receiver, by our own clock. */
export class Leases {
  readonly table: LeaseTable
  readonly #held = new Set<Held>()
  readonly #onGone: ((held: Held) => void) | undefined

  /**
   * @param prefetch how many it may hold
   * @param onGone called with what is settled, or over
   */
  constructor(prefetch: number, onGone?: (held: Held) => void) {
    this.#onGone = onGone
    this.table = LeaseTable.create(prefetch + spareSlots)
  }

  /** How many are neither settled nor over. */
  get count(): number {
    return this.#held.size
  }

  add(parts: Omit<Held, 'owner' | 'at' | 'gone' | 'copied' | 'done'>, mustEndAt: Millis): Held {
    const at = this.table.add(parts.handle, parts.band, parts.endsAt, mustEndAt)
    const held: Held = { ...parts, owner: this, at, gone: false, copied: false, done: false }
    this.#held.add(held)
    return held
  }

  /** Forgets those that are over: what is lost is not held. Returns when the next one may be. */
  prune(): Millis {
    let next = Number.POSITIVE_INFINITY
    for (const held of this.#held) {
      if (!this.isOver(held)) next = Math.min(next, this.endOf(held))
    }
    return next
  }

  endOf({ at, endsAt }: Held): Millis {
    return at === undefined ? endsAt : this.table.endOf(at)
  }

  /** Settled, or ended by the clock: nothing may be asked of SQS for it any more. */
  isOver(held: Held): boolean {
    if (held.gone) return true
    const ended = held.at !== undefined && this.table.stateOf(held.at) === slot.ended
    if (!ended && sharedNow() < this.endOf(held)) return false
    this.forget(held)
    return true
  }

  /** Settled: it is gone. */
  forget(held: Held): void {
    if (held.gone) return
    held.gone = true
    this.#held.delete(held)
    if (held.at !== undefined) this.table.free(held.at)
    this.#onGone?.(held)
  }

  /** SQS is asked to take it. */
  asked({ at }: Held): void {
    if (at !== undefined) this.table.change(at, slot.held, slot.settling)
  }

  /** SQS gave no answer: it is still ours. */
  kept({ at, gone }: Held): void {
    if (at !== undefined && !gone) this.table.change(at, slot.settling, slot.held)
  }

  slotOf(held: Held): Slot | undefined {
    return held.at === undefined ? undefined : this.table.read(held.at)
  }
}

export function toLease(held: Held): Lease {
  return held as unknown as Lease
}

export function fromLease(lease: Lease): Held {
  return lease as unknown as Held
}
