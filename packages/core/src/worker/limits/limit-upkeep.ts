import type { Backend } from '../../contracts/backend.ts'
import type { Millis } from '../../contracts/time.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { WaitingLines } from '../../runtime/waiting-lines.ts'

const everyMs: Millis = 5_000

/** Calls those whom nobody called: their caller died. One worker at a time does. */
export class LimitUpkeep {
  readonly name = 'waiting tasks'
  readonly #runtime: Runtime
  readonly #backend: Backend
  readonly #lines: WaitingLines
  readonly #worker: string
  #cancelTimer: (() => void) | undefined
  #stopped = false
  #round: Promise<void> = Promise.resolve()

  constructor(runtime: Runtime, backend: Backend, lines: WaitingLines, worker: string) {
    this.#runtime = runtime
    this.#backend = backend
    this.#lines = lines
    this.#worker = worker
  }

  start(): void {
    if (this.#stopped) return
    const next = () => {
      this.#round = this.#call().then(() => this.start())
    }
    this.#cancelTimer = this.#runtime.clock.setTimer(everyMs, next, { background: true })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#round
  }

  async #call(): Promise<void> {
    try {
      const turn = { limit: 1, ttlMs: 2 * everyMs }
      const ours = await this.#backend.state.acquire('limits:caller', this.#worker, turn)
      if (ours !== undefined) await this.#lines.callEverywhere()
    } catch (error) {
      this.#runtime.logger.warn('waiting tasks could not be called; trying again', { error: String(error) })
    }
  }
}
