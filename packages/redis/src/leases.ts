import { randomBytes } from 'node:crypto'
import type { Lease } from '@tq/core/driver'

/**
 * One life of a receiver: from its entry among the leases to the moment that is taken away. Everything leased in it is
 * lost together.
 */
export interface Life {
  /** Never used twice: the fence. */
  readonly id: string
  /** Number of the next delivery. */
  next: number
  /** Leases handed out and not settled yet. */
  held: number
  /** Its leases were given to others. */
  ended: boolean
}

export function newLife(): Life {
  return { id: randomBytes(12).toString('base64url'), next: 1, held: 0, ended: false }
}

/** What stands behind the opaque lease: a receiver's life, and which of its deliveries this is. */
export interface HeldLease {
  readonly life: Life
  readonly number: number
  /** Who may settle it. */
  readonly owner: object
  /** Number of the last call that asked the server to settle it, 0 before the first; what came of that may not be known. */
  asked: number
  settled: boolean
  /** Where it stands in the list of the call that is made now. */
  index: number
}

export function toLease(held: HeldLease): Lease {
  return held as unknown as Lease
}

export function fromLease(lease: Lease): HeldLease {
  return lease as unknown as HeldLease
}
