import type { MessageChange, OutboundMessage, QueueCounts, Settlement } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { Heap, type Timed } from './heap.ts'
import { Lane, type Stored } from './lane.ts'
import { Waiting } from './waiting.ts'

/** Who holds leases: one receiver. */
export interface Holder {
  readonly leaseMs: Millis
  held: number
}

/** One delivery and its lease, which is live while it is in the queue's heap. `at` is its deadline. */
export interface Leased extends Timed {
  readonly stored: Stored
  readonly holder: Holder
  /** What came of a commit, for one that is repeated. */
  committed: Settlement | undefined
}

const levels = 10
/** One lease in so many starts from the lowest waiting priority. */
const bottomEvery = 16

/** One queue: a lane per priority, a heap of what is not due yet, a heap of the leases. */
export class MemoryQueue {
  readonly waiting: Waiting
  readonly #clock: Clock
  readonly #lanes = Array.from({ length: levels }, () => new Lane())
  readonly #delayed = new Heap<Stored>()
  readonly #leases = new Heap<Leased>()
  #ready = 0
  #order = 0
  #taken = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.waiting = new Waiting(clock, {
      catchUp: () => this.#catchUp(),
      isReady: () => this.#ready > 0,
      nextDue: () => Math.min(this.#delayed.first?.at ?? Infinity, this.#leases.first?.at ?? Infinity),
    })
  }

  /** Looks at what has become due, but ends no lease: counting is not receiving. */
  get counts(): QueueCounts {
    this.#promote(this.#clock.monotonic())
    return { ready: this.#ready, leased: this.#leases.size, delayed: this.#delayed.size }
  }

  add({ id, body, headers, priority = 4, delayMs = 0 }: OutboundMessage): void {
    const stored: Stored = {
      // A copy of the body: the caller may use its buffer again.
      message: { id, body: Buffer.from(body), headers, priority },
      sentAt: this.#clock.now() + delayMs,
      lostLeases: 0,
      next: undefined,
      at: 0,
      order: 0,
      index: -1,
    }
    if (delayMs > 0) this.#delay(stored, delayMs)
    else this.#enter(stored)
    this.waiting.changed()
  }

  /** Leases up to `max`; none when nothing is ready. */
  lease(max: number, holder: Holder): Leased[] {
    const now = this.#catchUp()
    const leases: Leased[] = []
    while (leases.length < max && this.#ready > 0) {
      const stored = this.#next()
      const at = now + holder.leaseMs
      const leased: Leased = { stored, holder, committed: undefined, at, order: stored.order, index: -1 }
      this.#leases.push(leased)
      leases.push(leased)
    }
    holder.held += leases.length
    if (leases.length > 0) this.waiting.changed()
    return leases
  }

  end(leased: Leased): void {
    this.#leases.remove(leased)
    leased.holder.held--
    this.waiting.changed()
  }

  giveBack(leased: Leased, delayMs: Millis): void {
    this.end(leased)
    if (delayMs > 0) this.#delay(leased.stored, delayMs)
    else this.#putBack(leased.stored)
  }

  extend(leased: Leased): void {
    leased.at = this.#clock.monotonic() + leased.holder.leaseMs
    this.#leases.moved(leased)
  }

  purge(): number {
    const gone = this.#ready + this.#delayed.size
    for (const lane of this.#lanes) lane.clear()
    this.#delayed.clear()
    this.#ready = 0
    return gone
  }

  /** Whether a message of this id waited, and is changed. */
  change(id: string, { delayMs, priority }: MessageChange): boolean {
    this.#promote(this.#clock.monotonic())
    const isMeant = ({ message }: Stored) => message.id === id
    const delayed = this.#delayed.find(isMeant)
    const found = delayed ?? this.#findReady(isMeant)
    if (!found) return false
    const { message } = found
    const changed: Stored = {
      ...found,
      message: { ...message, priority: priority ?? message.priority },
      sentAt: delayMs === undefined ? found.sentAt : this.#clock.now() + delayMs,
      next: undefined,
      index: -1,
    }
    const isLater = delayMs !== undefined && delayMs > 0
    if (!delayed && !isLater && changed.message.priority === message.priority) return true
    if (delayed) this.#delayed.remove(delayed)
    else this.#takeReady(found)
    if (isLater) this.#delay(changed, delayMs)
    else if (delayed && delayMs === undefined) this.#delayed.push(changed)
    else this.#enter(changed)
    this.waiting.changed()
    return true
  }

  #findReady(isMeant: (stored: Stored) => boolean): Stored | undefined {
    for (const lane of this.#lanes) {
      const found = lane.find(isMeant)
      if (found) return found
    }
    return undefined
  }

  #takeReady(stored: Stored): void {
    this.#laneOf(stored).remove(stored)
    this.#ready--
  }

  #delay(stored: Stored, delayMs: Millis): void {
    stored.at = this.#clock.monotonic() + delayMs
    stored.order = ++this.#order
    this.#delayed.push(stored)
  }

  #enter(stored: Stored): void {
    stored.order = ++this.#order
    this.#laneOf(stored).push(stored)
    this.#ready++
  }

  #putBack(stored: Stored): void {
    this.#laneOf(stored).putBack(stored)
    this.#ready++
  }

  #laneOf({ message }: Stored): Lane {
    return this.#lanes[message.priority] as Lane
  }

  #next(): Stored {
    const fromBottom = ++this.#taken % bottomEvery === 0
    for (let step = 0; step < levels; step++) {
      const stored = this.#lanes[fromBottom ? step : levels - 1 - step]?.shift()
      if (!stored) continue
      this.#ready--
      return stored
    }
    throw new Error('nothing is ready')
  }

  #catchUp(): Millis {
    const now = this.#clock.monotonic()
    this.#promote(now)
    this.#reclaim(now)
    return now
  }

  #promote(now: Millis): void {
    for (let due = this.#delayed.takeDue(now); due; due = this.#delayed.takeDue(now)) this.#enter(due)
  }

  /**
   * Ends the leases that are past their time. Called only where somebody asks for messages: a lease that is late
   * but in nobody's way may still be extended or settled, as by a worker whose event loop was blocked. Its
   * overdue timers run in the order of their times, so an extension planned earlier also comes before the alarm.
   */
  #reclaim(now: Millis): void {
    for (let late = this.#leases.takeDue(now); late; late = this.#leases.takeDue(now)) {
      late.holder.held--
      late.stored.lostLeases++
      this.#putBack(late.stored)
    }
  }
}
