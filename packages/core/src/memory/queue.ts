import type { InboundMessage, OutboundMessage, Priority } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { Deque } from './deque.ts'
import { Heap } from './heap.ts'

/** A message as it lies in a queue. */
export interface Stored {
  readonly message: InboundMessage
  readonly sentAt: number
  deliveries: number
}

/** One delivery and its lease. */
export interface Leased {
  readonly stored: Stored
  readonly owner: object
  deadline: Millis
  ended: boolean
}

interface Delayed {
  readonly stored: Stored
  readonly due: Millis
  readonly order: number
}

const bottomEvery = 16

/** One queue: a deque per priority, a heap of what is not due, and the leases. */
export class MemoryQueue {
  readonly leases = new Set<Leased>()
  readonly #clock: Clock
  readonly #ready: Deque<Stored>[] = Array.from({ length: 10 }, () => new Deque<Stored>())
  readonly #delayed = new Heap<Delayed>((a, b) => a.due - b.due || a.order - b.order)
  readonly #waiting = new Set<() => void>()
  #readyCount = 0
  #order = 0
  #taken = 0
  #nextExpiry = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined
  #timerDue = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get counts() {
    this.#catchUp()
    return { ready: this.#readyCount, leased: this.leases.size, delayed: this.#delayed.size }
  }

  add(message: OutboundMessage): void {
    const { id, headers, priority = 4, delayMs = 0 } = message
    // The caller may use its buffer again.
    const body = new Uint8Array(message.body)
    this.put(
      { message: { id, body, headers, priority }, sentAt: this.#clock.now() + delayMs, deliveries: 0 },
      delayMs,
      'back',
    )
  }

  put(stored: Stored, delayMs: Millis, end: 'back' | 'front'): void {
    if (delayMs > 0) {
      this.#delayed.push({ stored, due: this.#clock.monotonic() + delayMs, order: this.#order++ })
      this.#arm()
      return
    }
    const deque = this.#ready[stored.message.priority] as Deque<Stored>
    if (end === 'back') deque.push(stored)
    else deque.unshift(stored)
    this.#readyCount++
    this.wake()
  }

  /** Up to `max` leases; empty when nothing is ready. */
  take(max: number, owner: object, leaseMs: Millis): Leased[] {
    this.#catchUp()
    const taken: Leased[] = []
    const deadline = this.#clock.monotonic() + leaseMs
    while (taken.length < max && this.#readyCount > 0) {
      const stored = this.#next()
      stored.deliveries++
      const leased: Leased = { stored, owner, deadline, ended: false }
      this.leases.add(leased)
      taken.push(leased)
    }
    this.#nextExpiry = Math.min(this.#nextExpiry, deadline)
    return taken
  }

  end(leased: Leased): void {
    leased.ended = true
    this.leases.delete(leased)
  }

  purge(): number {
    const gone = this.#readyCount + this.#delayed.size
    for (const deque of this.#ready) deque.clear()
    this.#delayed.clear()
    this.#readyCount = 0
    return gone
  }

  /** Calls back once something may have become ready. */
  onReady(callback: () => void): () => void {
    this.#waiting.add(callback)
    this.#arm()
    return () => this.#waiting.delete(callback)
  }

  #next(): Stored {
    const fromBottom = ++this.#taken % bottomEvery === 0
    for (let step = 0; step < 10; step++) {
      const deque = this.#ready[(fromBottom ? step : 9 - step) as Priority] as Deque<Stored>
      const stored = deque.shift()
      if (stored) {
        this.#readyCount--
        return stored
      }
    }
    throw new Error('nothing is ready')
  }

  /**
   * Moves what is due, and what its holder lost. A lease takes effect as ended only here, when somebody else would
   * get the message: a holder whose event loop was blocked may still extend it before.
   */
  #catchUp(): void {
    const now = this.#clock.monotonic()
    for (let first = this.#delayed.peek(); first && first.due <= now; first = this.#delayed.peek()) {
      this.#delayed.pop()
      this.put(first.stored, 0, 'back')
    }
    if (this.#nextExpiry > now) return
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const leased of this.leases) {
      if (leased.deadline <= now) {
        this.end(leased)
        this.put(leased.stored, 0, 'front')
      } else this.#nextExpiry = Math.min(this.#nextExpiry, leased.deadline)
    }
  }

  /** Somebody may take again, or there is something to take. */
  wake(): void {
    for (const callback of [...this.#waiting]) callback()
  }

  /** One timer for the next thing that happens by itself, as long as somebody waits for it. */
  #arm(): void {
    if (this.#waiting.size === 0) return
    const due = Math.min(this.#delayed.peek()?.due ?? Number.POSITIVE_INFINITY, this.#nextExpiry)
    if (due >= this.#timerDue && this.#timerDue > this.#clock.monotonic()) return
    this.#cancelTimer?.()
    this.#timerDue = due
    if (due === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = this.#clock.setTimer(
      Math.max(0, due - this.#clock.monotonic()),
      () => {
        this.#timerDue = Number.POSITIVE_INFINITY
        this.#catchUp()
        if (this.#readyCount > 0) this.wake()
        this.#arm()
      },
      { background: true },
    )
  }
}
