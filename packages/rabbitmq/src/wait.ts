import type { Clock, Millis } from '@tq/core/driver'

/**
 * A wait that anything may end. Being woken while nobody waits is remembered, so that nothing is missed between a
 * look and the wait that follows it.
 */
export class Wait {
  readonly #clock: Clock
  #woken = false
  #end: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly wake = (): void => {
    this.#woken = true
    this.#end?.()
  }

  /** Resolves when woken, or after so long. */
  next(ms: Millis): Promise<void> {
    if (this.#woken) {
      this.#woken = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#woken = false
        this.#end = undefined
        resolve()
      }
      const cancel = this.#clock.setTimer(ms, end)
      this.#end = end
    })
  }
}
