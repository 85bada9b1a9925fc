/** Something with a time. It knows its place in the one heap it may be in, so that it is found without a search. */
export interface Timed {
  at: number
  /** Decides between equal times. */
  order: number
  /** Kept by the heap; -1 when it is in none. */
  place: number
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
    item.place = this.#items.length
    this.#items.push(item)
    this.#rise(item)
  }

  remove(item: T): void {
    const last = this.#items.pop()
    if (last !== undefined && last !== item) {
      this.#put(last, item.place)
      this.moved(last)
    }
    item.place = -1
  }

  /** Puts an item right whose `at` has changed. */
  moved(item: T): void {
    this.#rise(item)
    this.#sink(item)
  }

  clear(): void {
    for (const item of this.#items) item.place = -1
    this.#items.length = 0
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1] as T
      if (!isBefore(item, parent)) return
      this.#swap(item, parent)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      const right = this.#items[2 * item.place + 2]
      const child = right !== undefined && isBefore(right, left as T) ? right : left
      if (child === undefined || !isBefore(child, item)) return
      this.#swap(item, child)
    }
  }

  #swap(one: T, other: T): void {
    const { place } = one
    this.#put(one, other.place)
    this.#put(other, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}

function isBefore(one: Timed, other: Timed): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
