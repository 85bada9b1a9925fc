import assert from 'node:assert/strict'
import type { Millis } from '@tq/core/driver'
import type { HarnessBase } from './harness.ts'

/** How far a virtual clock moves at once while something is awaited. */
const step: Millis = 5

/**
 * Time as the service sees it, real or virtual. Owns every wait of a case: nothing else moves a virtual clock,
 * so that two waits of one case never move it against each other.
 */
export class Time {
  readonly #harness: HarnessBase
  #waiting = 0
  #tick: Promise<void> | undefined

  constructor(harness: HarnessBase) {
    this.#harness = harness
  }

  get virtual(): boolean {
    return this.#harness.now !== undefined
  }

  /** Monotonic. */
  now(): Millis {
    return this.#harness.now?.() ?? performance.now()
  }

  async sleep(ms: Millis): Promise<void> {
    if (!this.virtual) return await this.#harness.sleep(ms)
    const until = this.now() + ms
    // In small steps only while others watch, so that they see things happen at their time.
    while (this.now() < until) await this.#move(Math.min(until - this.now(), this.#waiting > 0 ? step : ms))
  }

  /** Lets time pass until the promise settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    if (!this.virtual) return await promise
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    this.#waiting++
    try {
      // What needs no time gets none.
      for (let turn = 0; turn < 4 && !settled; turn++) await nextTurn()
      while (!settled) await this.#move(step)
    } finally {
      this.#waiting--
    }
    return await promise
  }

  /** Waits, with a bound, until `look` returns something else than undefined and does not throw. */
  async eventually<T>(look: () => Promise<T | undefined>, within: Millis, what: string): Promise<T> {
    const deadline = this.now() + within
    let last: unknown
    for (;;) {
      try {
        const seen = await look()
        if (seen !== undefined) return seen
      } catch (error) {
        last = error
      }
      if (this.now() >= deadline) break
      await this.sleep(20)
    }
    if (last !== undefined) throw last
    assert.fail(`did not happen within ${within} ms: ${what}`)
  }

  /** One shared movement of the virtual clock. */
  async #move(ms: Millis): Promise<void> {
    this.#tick ??= this.#harness.sleep(ms).finally(() => {
      this.#tick = undefined
    })
    await this.#tick
  }
}

/** Lets everything that is due now run. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
