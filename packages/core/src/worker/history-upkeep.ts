import type { Backend } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'

const everyMs: Millis = 600_000
/** Of one round: the rest waits for the next. */
const mostRounds = 100
const turnKey = 'history-upkeep'

/**
 * Keeps the history from growing beyond what an app keeps: every ten minutes, one of all workers forgets the tasks that
 * ended first. None whose result is still promised; so only where the history is kept longer than results.
 */
export class HistoryUpkeep {
  readonly name = 'the history'
  readonly #runtime: Runtime
  readonly #backend: Backend
  readonly #oneStore: boolean
  #cancelTimer: (() => void) | undefined
  #stopped = false
  #trimming: Promise<void> = Promise.resolve()

  constructor(runtime: Runtime, { oneStore }: Connection, backend: Backend) {
    this.#runtime = runtime
    this.#backend = backend
    this.#oneStore = oneStore
  }

  start(): void {
    if (this.#runtime.settings.history.expiresMs > 0 && this.#backend.results.history) this.#plan()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#trimming
  }

  #plan(): void {
    if (this.#stopped) return
    const next = () => {
      this.#trimming = this.#trim().then(() => this.#plan())
    }
    this.#cancelTimer = this.#runtime.clock.setTimer(everyMs, next, { background: true })
  }

  async #trim(): Promise<void> {
    const { settings, registry, logger } = this.#runtime
    const { history } = this.#backend.results
    try {
      // Held until the next round: the other workers leave it to this one.
      const holder = `${process.pid}:${Math.random()}`
      const turn = await this.#backend.state.acquire(turnKey, holder, { limit: 1, ttlMs: everyMs / 2 })
      if (turn === undefined || !history) return
      const kept = registry.all().map(({ policy }) => Math.max(policy.successTtlMs, policy.failureTtlMs))
      // Two stores: late copies of messages must find their task ended.
      const leastAgeMs = Math.max(this.#oneStore ? 0 : lateCopiesMs, 86_400_000, ...kept)
      for (let round = 0; round < mostRounds && !this.#stopped; round++) {
        if ((await history.trim({ keep: settings.history.keep, leastAgeMs })) === 0) return
      }
    } catch (error) {
      logger.warn('the history could not be trimmed', { error: String(error) })
    }
  }
}
