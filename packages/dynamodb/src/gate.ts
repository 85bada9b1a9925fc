import type { Clock, Millis } from '@tq/core/driver'

/** Lets so many in at a time, the others in the order they came. */
export class Gate {
  readonly #clock: Clock
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, places: number) {
    this.#clock = clock
    this.#free = places
  }

  /** False when it took too long. Who was let in leaves again. */
  async enter(patienceMs: Millis): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--
      return true
    }
    return await new Promise((resolve) => {
      const enter = () => {
        cancel()
        resolve(true)
      }
      const cancel = this.#clock.setTimer(patienceMs, () => {
        this.#waiting.delete(enter)
        resolve(false)
      })
      this.#waiting.add(enter)
    })
  }

  leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
