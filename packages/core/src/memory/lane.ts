import type { InboundMessage } from '../contracts/broker.ts'
import { Heap, type Timed } from './heap.ts'

/** A message in a queue. Lists and heaps hold it by its own fields, so that waiting costs no second object. */
export interface Stored extends Timed {
  readonly message: InboundMessage
  readonly sentAt: number
  /** How many leases of it ended by themselves. */
  lostLeases: number
  /** The one behind it in its lane. */
  next: Stored | undefined
}

/** The ready messages of one priority, in the order they came. */
export class Lane {
  #first: Stored | undefined
  #last: Stored | undefined
  /** What came back from a holder. It was leased once, so all of it is older than what never was. */
  readonly #returned = new Heap<Stored>()

  push(stored: Stored): void {
    if (this.#last) this.#last.next = stored
    else this.#first = stored
    this.#last = stored
  }

  /** Puts it where it was: what is given back stays in the order it was published. */
  putBack(stored: Stored): void {
    stored.at = 0
    this.#returned.push(stored)
  }

  shift(): Stored | undefined {
    return this.#returned.takeDue(0) ?? this.#shiftFresh()
  }

  /** Looks at all of them. */
  find(isMeant: (stored: Stored) => boolean): Stored | undefined {
    const returned = this.#returned.find(isMeant)
    if (returned) return returned
    for (let stored = this.#first; stored; stored = stored.next) if (isMeant(stored)) return stored
    return undefined
  }

  /** Takes one out that is here, wherever it is. */
  remove(stored: Stored): void {
    if (stored.index >= 0) {
      this.#returned.remove(stored)
      return
    }
    let before: Stored | undefined
    for (let at = this.#first; at !== undefined && at !== stored; at = at.next) before = at
    if (before) before.next = stored.next
    else this.#first = stored.next
    if (this.#last === stored) this.#last = before
    stored.next = undefined
  }

  clear(): void {
    this.#first = undefined
    this.#last = undefined
    this.#returned.clear()
  }

  #shiftFresh(): Stored | undefined {
    const stored = this.#first
    if (!stored) return undefined
    this.#first = stored.next
    if (!this.#first) this.#last = undefined
    stored.next = undefined
    return stored
  }
}
