import type { Backend } from '../contracts/backend.ts'
import { isTerminal, type TaskRecord } from '../contracts/record.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { unexpired } from '../runtime/record-detail.ts'

interface Waiter {
  resolve(record: TaskRecord | undefined): void
  reject(error: unknown): void
}

const shortestPollMs: Millis = 10
const longestPollMs: Millis = 500

/**
 * Waits for tasks to end. All waiting of an app shares one poll: a thousand `get()`s cost one question to the
 * backend per round. Hints only make it faster; it is right without them.
 */
export class ResultWaiter {
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #waiting = new Map<
    string,
    { readonly waiters: Set<Waiter>; readonly unwatch: (() => void) | undefined }
  >()
  #cancelTimer: (() => void) | undefined
  #asking = false
  #pollMs = shortestPollMs

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend
    this.#clock = clock
  }

  /** The record once it is terminal; undefined when nothing is known of the id, or when the signal aborts. */
  wait(id: string, signal: AbortSignal): Promise<TaskRecord | undefined> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined)
      const stop = () => waiter.resolve(undefined)
      const finish = (act: () => void) => {
        signal.removeEventListener('abort', stop)
        this.#leave(id, waiter)
        act()
      }
      const waiter: Waiter = {
        resolve: (record) => finish(() => resolve(record)),
        reject: (error) => finish(() => reject(error)),
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#join(id, waiter)
    })
  }

  #join(id: string, waiter: Waiter): void {
    const known = this.#waiting.get(id)
    if (known) known.waiters.add(waiter)
    else {
      const unwatch = this.#backend.results.watch?.(id, () => this.#askSoon(0))
      this.#waiting.set(id, { waiters: new Set([waiter]), unwatch })
    }
    this.#pollMs = shortestPollMs
    this.#askSoon(0)
  }

  #leave(id: string, waiter: Waiter): void {
    const known = this.#waiting.get(id)
    if (!known) return
    known.waiters.delete(waiter)
    if (known.waiters.size > 0) return
    known.unwatch?.()
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#cancelTimer?.()
  }

  #askSoon(delayMs: Millis): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#cancelTimer = undefined
      if (!this.#asking) void this.#ask()
    })
  }

  async #ask(): Promise<void> {
    this.#asking = true
    const ids = [...this.#waiting.keys()]
    try {
      const records = await this.#backend.results.get(ids)
      for (const [index, id] of ids.entries()) {
        const record = unexpired(records[index], this.#clock.now())
        if (record && !isTerminal(record.state)) continue
        for (const waiter of [...(this.#waiting.get(id)?.waiters ?? [])]) waiter.resolve(record)
      }
    } catch (error) {
      // A backend that is away for a moment must not fail a wait of minutes; a wrong request would fail for ever.
      if (this.#backend.classify(error) !== 'connection') {
        for (const id of ids)
          for (const waiter of [...(this.#waiting.get(id)?.waiters ?? [])]) waiter.reject(error)
      }
    } finally {
      this.#asking = false
    }
    if (this.#waiting.size === 0) return
    this.#askSoon(this.#pollMs)
    this.#pollMs = Math.min(this.#pollMs * 1.5, longestPollMs)
  }
}
