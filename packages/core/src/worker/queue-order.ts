import type { WeightedQueue } from './worker-options.ts'

/**
 * Whose turn it is. `strict` always asks in the order given; `fair` is smooth weighted round robin: with weights
 * 5 and 1, the first queue starts five of six turns, spread out.
 */
export class QueueOrder {
  readonly #queues: readonly WeightedQueue[]
  readonly #strict: boolean
  readonly #credit: number[]
  readonly #total: number

  constructor(queues: readonly WeightedQueue[], order: 'fair' | 'strict') {
    this.#queues = queues
    this.#strict = order === 'strict'
    this.#credit = queues.map(() => 0)
    this.#total = queues.reduce((sum, { weight }) => sum + weight, 0)
  }

  /** Indexes of the queues in the order of this turn. */
  turn(): readonly number[] {
    const indexes = this.#queues.map((_, index) => index)
    if (this.#strict || indexes.length === 1) return indexes
    for (const index of indexes) this.#credit[index] = this.#of(index) + (this.#queues[index]?.weight ?? 1)
    indexes.sort((a, b) => this.#of(b) - this.#of(a))
    const first = indexes[0] ?? 0
    this.#credit[first] = this.#of(first) - this.#total
    return indexes
  }

  #of(index: number): number {
    return this.#credit[index] ?? 0
  }
}
