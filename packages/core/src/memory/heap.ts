/** Something with a time. It knows its place in the one heap it may be in, so that it is found without a search. */
export interface Timed {
  at: number
  /** Decides between equal times. */
  order: number
  /** Its place in the heap, kept by the heap; -1 when it is in none. */
  index: number
}

/** A binary heap: the least `at` first. */
export class Heap<T extends Timed> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    item.index = this.#items.length
    this.#items.push(item)
    this.#rise(item)
  }

  remove(item: T): void {
    const last = this.#items.pop()
    if (last !== undefined && last !== item) {
      this.#put(last, item.index)
      this.moved(last)
    }
    item.index = -1
  }

  /** The first, taken out, when its time has come. */
  takeDue(now: number): T | undefined {
    const item = this.#items[0]
    if (item === undefined || item.at > now) return undefined
    this.remove(item)
    return item
  }

  /** Puts an item right whose `at` has changed. */
  moved(item: T): void {
    this.#rise(item)
    this.#sink(item)
  }

  /** Looks at all of them, in no order. */
  find(isMeant: (item: T) => boolean): T | undefined {
    return this.#items.find(isMeant)
  }

  clear(): void {
    for (const item of this.#items) item.index = -1
    this.#items.length = 0
  }

  #rise(item: T): void {
    while (item.index > 0) {
      const parent = this.#items[(item.index - 1) >> 1] as T
      if (!isBefore(item, parent)) return
      this.#swap(item, parent)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.index + 1]
      const right = this.#items[2 * item.index + 2]
      const child = right !== undefined && isBefore(right, left as T) ? right : left
      if (child === undefined || !isBefore(child, item)) return
      this.#swap(item, child)
    }
  }

  #swap(one: T, other: T): void {
    const { index } = one
    this.#put(one, other.index)
    this.#put(other, index)
  }

  #put(item: T, index: number): void {
    this.#items[index] = item
    item.index = index
  }
}

function isBefore(one: Timed, other: Timed): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
