/** A binary heap: the least element first. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    items.push(item)
    let index = items.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (this.#compare(items[index] as T, items[parent] as T) >= 0) return
      this.#swap(index, parent)
      index = parent
    }
  }

  pop(): T | undefined {
    const first = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length === 0 || last === undefined) return first
    this.#items[0] = last
    let index = 0
    for (;;) {
      let least = index
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#items.length && this.#compare(this.#items[child] as T, this.#items[least] as T) < 0)
          least = child
      }
      if (least === index) return first
      this.#swap(index, least)
      index = least
    }
  }

  clear(): void {
    this.#items.length = 0
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a] as T
    this.#items[a] = this.#items[b] as T
    this.#items[b] = item
  }
}
