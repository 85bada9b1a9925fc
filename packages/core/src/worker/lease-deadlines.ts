import type { BrokerCapabilities, Lease } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'

/**
 * When leases end by our own clock. A service with advisory fencing cannot tell a late holder that it is late, so the
 * worker has to know by itself: what was received or renewed longer ago than a lease lasts belongs to somebody else.
 */
export class LeaseDeadlines {
  readonly #clock: Clock
  readonly #leaseMs: Millis
  readonly #ends = new WeakMap<Lease, Millis>()

  constructor(clock: Clock, leaseMs: Millis) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  /** @param from When they were received, or when the request was made that renewed them; by the monotonic clock. */
  counted(leases: Iterable<Lease>, from: Millis): void {
    const end = from + this.#leaseMs
    for (const lease of leases) this.#ends.set(lease, Math.max(end, this.#ends.get(lease) ?? 0))
  }

  isOver(lease: Lease): boolean {
    const end = this.#ends.get(lease)
    return end !== undefined && this.#clock.monotonic() >= end
  }

  /** Looks again and again for leases that have ended. Returns a function that stops it. */
  watch(held: () => Iterable<Lease>, onOver: (leases: readonly Lease[]) => void): () => void {
    let stopped = false
    let cancel = () => {}
    const look = () => {
      // After a blocked loop, what the lease thread renewed meanwhile is heard first.
      setImmediate(() => {
        const over = [...held()].filter((lease) => this.isOver(lease))
        if (over.length > 0 && !stopped) onOver(over)
      })
      plan()
    }
    const plan = () => {
      cancel = this.#clock.setTimer(Math.min(1_000, this.#leaseMs / 6), look, { background: true })
    }
    plan()
    return () => {
      stopped = true
      cancel()
    }
  }
}

/** Whether leases end by our own clock, too: the service has timed ones, and cannot tell when they are over. */
export function endByOwnClock({ lease, fencing }: BrokerCapabilities): boolean {
  return lease === 'timed' && fencing === 'advisory'
}
