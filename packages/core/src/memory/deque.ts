/** A list that grows and shrinks at both ends without moving its elements. */
export class Deque<T> {
  #head = 0
  #tail = 0
  readonly #items = new Map<number, T>()

  push(item: T): void {
    this.#items.set(this.#tail++, item)
  }

  unshift(item: T): void {
    this.#items.set(--this.#head, item)
  }

  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined
    const item = this.#items.get(this.#head)
    this.#items.delete(this.#head++)
    return item
  }

  clear(): void {
    this.#items.clear()
    this.#head = this.#tail
  }
}
