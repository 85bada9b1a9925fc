import type { CommitItem, Delivery, Lease, Receiver, Settlement } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { checkValue, closedError, MemoryError, refusalOf } from './limits.ts'
import type { Holder, Leased, MemoryQueue } from './queue.ts'
import type { MemoryStore } from './store.ts'

interface ReceiveOptions {
  readonly max: number
  readonly waitMs: Millis
  readonly signal: AbortSignal
}

/** One consumer. Nothing is leased ahead of a call, so nothing has to be given back when it closes. */
export class MemoryReceiver implements Receiver {
  readonly #store: MemoryStore
  readonly #queue: MemoryQueue
  readonly #holder: Holder
  readonly #prefetch: number
  readonly #onClose: () => void
  #endWait = () => {}
  #closed = false

  constructor(
    store: MemoryStore,
    queue: string,
    options: { leaseMs: Millis; prefetch: number },
    onClose: () => void,
  ) {
    this.#store = store
    this.#queue = store.queue(queue)
    this.#holder = { leaseMs: options.leaseMs, held: 0 }
    this.#prefetch = options.prefetch
    this.#onClose = onClose
  }

  async receive(options: ReceiveOptions): Promise<readonly Delivery[]> {
    this.#check()
    if (options.signal.aborted) return []
    const deliveries = this.#take(options.max)
    return deliveries.length > 0 || options.waitMs <= 0 ? deliveries : this.#wait(options)
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    return leases.map((lease) => this.#settle(lease, (leased) => this.#queue.end(leased)))
  }

  async nack(leases: readonly Lease[], { delayMs }: { delayMs: Millis }): Promise<readonly Settlement[]> {
    this.#check()
    return leases.map((lease) => this.#settle(lease, (leased) => this.#queue.giveBack(leased, delayMs)))
  }

  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    return leases.map((lease) => this.#settle(lease, (leased) => this.#queue.extend(leased)))
  }

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    this.#check()
    for (const item of items) checkFits(item)
    return items.map((item) => this.#commitOne(item))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#endWait()
    this.#onClose()
  }

  #check(): void {
    if (this.#closed) throw closedError()
  }

  #take(max: number): Delivery[] {
    const room = Math.min(max, this.#prefetch - this.#holder.held)
    return room <= 0 ? [] : this.#queue.lease(room, this.#holder).map((leased) => this.#deliver(leased))
  }

  #deliver(leased: Leased): Delivery {
    const { message, sentAt, lostLeases } = leased.stored
    const lease = leased as unknown as Lease
    const deliveryCount = 1 + lostLeases
    const verdict = this.#store.results.verdict(message.id)
    if (verdict === undefined) return { message, lease, deliveryCount, sentAt }
    return { message, lease, deliveryCount, sentAt, verdict }
  }

  /** Resolves in the step that leases: an abort comes before, and finds nothing leased, or after, and ends nothing. */
  #wait({ max, waitMs, signal }: ReceiveOptions): Promise<readonly Delivery[]> {
    return new Promise((resolve) => {
      const end = (deliveries: readonly Delivery[]) => {
        leave()
        cancelTimer()
        signal.removeEventListener('abort', endEmpty)
        resolve(deliveries)
      }
      const endEmpty = () => end([])
      const serve = () => {
        const deliveries = this.#take(max)
        if (deliveries.length > 0) end(deliveries)
      }
      const leave = this.#queue.waiting.add(serve)
      const cancelTimer = this.#store.clock.setTimer(waitMs, endEmpty)
      signal.addEventListener('abort', endEmpty, { once: true })
      this.#endWait = endEmpty
    })
  }

  #settle(lease: Lease, act: (leased: Leased) => void): Settlement {
    const leased = this.#leased(lease)
    if (!this.#isHeld(leased)) return 'lost'
    act(leased)
    return 'ok'
  }

  #commitOne({ lease, record, publish = [] }: CommitItem): Settlement {
    const leased = this.#leased(lease)
    // Asked again, it tells what happened.
    if (!this.#isHeld(leased)) return leased.committed ?? 'lost'
    this.#queue.end(leased)
    leased.committed = record && this.#store.results.put(record) === 'stale' ? 'stale' : 'ok'
    if (leased.committed === 'ok')
      for (const { queue, message } of publish) this.#store.accept(queue, message)
    return leased.committed
  }

  #leased(lease: Lease): Leased {
    return lease as unknown as Leased
  }

  #isHeld({ holder, index }: Leased): boolean {
    return holder === this.#holder && index >= 0
  }
}

/** All or nothing: what cannot be published, or kept, is found before anything changes. */
function checkFits({ record, publish = [] }: CommitItem): void {
  if (record) checkValue(record.detail)
  for (const { message } of publish) {
    const refusal = refusalOf(message)
    if (typeof refusal === 'object') throw new MemoryError(refusal.rejected, refusal.reason)
  }
}
