import type { CommitItem, Delivery, Lease, Receiver, Settlement } from '../contracts/broker.ts'
import { isTerminal } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { ClosedError } from './closed-error.ts'
import { publish } from './publish.ts'
import type { Leased, MemoryQueue } from './queue.ts'
import type { MemoryStore } from './store.ts'

/** One consumer. The lease it hands out is the entry in the queue's set of leases. */
export class MemoryReceiver implements Receiver {
  readonly #store: MemoryStore
  readonly #queue: MemoryQueue
  readonly #leaseMs: Millis
  readonly #prefetch: number
  #held = 0
  #closed = new AbortController()

  constructor(store: MemoryStore, queue: string, options: { leaseMs: Millis; prefetch: number }) {
    this.#store = store
    this.#queue = store.queue(queue)
    this.#leaseMs = options.leaseMs
    this.#prefetch = options.prefetch
  }

  async receive({
    max,
    waitMs,
    signal,
  }: {
    max: number
    waitMs: Millis
    signal: AbortSignal
  }): Promise<readonly Delivery[]> {
    this.#check()
    const taken = this.#take(max)
    if (taken.length > 0 || waitMs <= 0 || signal.aborted) return taken
    await this.#somethingReady(waitMs, signal)
    return this.#closed.signal.aborted ? [] : this.#take(max)
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    return leases.map((lease) => this.#settle(lease, () => {}))
  }

  async nack(leases: readonly Lease[], { delayMs }: { delayMs: Millis }): Promise<readonly Settlement[]> {
    this.#check()
    return leases.map((lease) =>
      this.#settle(lease, ({ stored }) => {
        stored.deliveries--
        this.#queue.put(stored, delayMs, 'front')
      }),
    )
  }

  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    const deadline = this.#store.clock.monotonic() + this.#leaseMs
    return leases.map((lease) => {
      const leased = this.#own(lease)
      if (leased.ended) return 'lost'
      leased.deadline = deadline
      return 'ok'
    })
  }

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    this.#check()
    return items.map(({ lease, record, publish: followUps }) => {
      let outcome: Settlement = 'ok'
      const settled = this.#settle(lease, () => {
        if (record && this.#store.put(record) === 'stale') outcome = 'stale'
        else for (const { queue, message } of followUps ?? []) publish(this.#store, queue, message)
      })
      return settled === 'ok' ? outcome : settled
    })
  }

  async close(): Promise<void> {
    this.#closed.abort()
  }

  #check(): void {
    if (this.#closed.signal.aborted) throw new ClosedError()
  }

  #take(max: number): Delivery[] {
    const room = Math.min(max, this.#prefetch - this.#held)
    if (room <= 0) return []
    const taken = this.#queue.take(room, this, this.#leaseMs)
    this.#held += taken.length
    return taken.map((leased) => this.#deliver(leased))
  }

  #deliver(leased: Leased): Delivery {
    const { message, deliveries, sentAt } = leased.stored
    const known = this.#store.mark(message.id)
    const verdict =
      !known || !isTerminal(known.state) ? 'run' : known.state === 'REVOKED' ? 'revoked' : 'terminal'
    return { message, lease: leased as unknown as Lease, deliveryCount: deliveries, sentAt, verdict }
  }

  #own(lease: Lease): Leased {
    return lease as unknown as Leased
  }

  #settle(lease: Lease, act: (leased: Leased) => void): Settlement {
    const leased = this.#own(lease)
    if (leased.ended || leased.owner !== this) return 'lost'
    this.#queue.end(leased)
    const wasFull = this.#held-- >= this.#prefetch
    act(leased)
    if (wasFull) this.#queue.wake()
    return 'ok'
  }

  #somethingReady(waitMs: Millis, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        off()
        cancel()
        signal.removeEventListener('abort', done)
        this.#closed.signal.removeEventListener('abort', done)
        resolve()
      }
      const off = this.#queue.onReady(done)
      const cancel = this.#store.clock.setTimer(waitMs, done)
      signal.addEventListener('abort', done, { once: true })
      this.#closed.signal.addEventListener('abort', done, { once: true })
    })
  }
}
