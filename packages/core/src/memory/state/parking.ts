import type { DueItem, ParkedItem } from '../../contracts/backend.ts'
import type { Clock, Millis } from '../../contracts/time.ts'
import { Heap, type Timed } from '../heap.ts'

interface Parked extends ParkedItem, Timed {
  readonly due: Millis
  /** The heap it lies in. */
  heap: Heap<Parked>
}

interface Lot {
  readonly items: Map<string, Parked>
  /** Not due yet, or hidden; by when it can be seen. */
  readonly hidden: Heap<Parked>
  /** By when it was due, however often it was hidden. */
  readonly due: Heap<Parked>
}

/** Lots of values that wait for their time. */
export class Parking {
  readonly #clock: Clock
  readonly #lots = new Map<string, Lot>()
  #order = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  park(name: string, { key, value }: ParkedItem, delayMs: Millis): void {
    const lot = this.#lots.get(name) ?? { items: new Map(), hidden: new Heap(), due: new Heap() }
    this.#lots.set(name, lot)
    takeOut(lot, key)
    const due = this.#clock.monotonic() + delayMs
    const parked: Parked = { key, value, due, at: due, order: ++this.#order, index: -1, heap: lot.hidden }
    lot.items.set(key, parked)
    lot.hidden.push(parked)
  }

  due(name: string, limit: number, leaseMs: Millis): readonly DueItem[] {
    const lot = this.#lots.get(name)
    if (!lot) return []
    const now = this.#clock.monotonic()
    for (let parked = lot.hidden.takeDue(now); parked; parked = lot.hidden.takeDue(now))
      put(parked, lot.due, parked.due)
    const items: DueItem[] = []
    while (items.length < limit) {
      const parked = lot.due.takeDue(now)
      if (!parked) break
      put(parked, lot.hidden, now + leaseMs)
      items.push({ key: parked.key, value: parked.value, overdueMs: now - parked.due })
    }
    return items
  }

  unpark(name: string, keys: readonly string[]): number {
    const lot = this.#lots.get(name)
    if (!lot) return 0
    const gone = keys.filter((key) => takeOut(lot, key)).length
    if (lot.items.size === 0) this.#lots.delete(name)
    return gone
  }
}

function put(parked: Parked, heap: Heap<Parked>, at: Millis): void {
  parked.at = at
  parked.heap = heap
  heap.push(parked)
}

/** Whether it was there. */
function takeOut(lot: Lot, key: string): boolean {
  const parked = lot.items.get(key)
  parked?.heap.remove(parked)
  return lot.items.delete(key)
}
