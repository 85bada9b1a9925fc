import type { Millis } from '../contracts/time.ts'
import { DeadLetters } from '../runtime/dead-letters.ts'
import type { Runtime } from '../runtime/runtime.ts'

const everyMs: Millis = 60_000

/** Keeps dead letters from growing for ever: looks a minute after one was added, never more often. */
export class DeadLetterUpkeep {
  readonly #runtime: Runtime
  readonly #letters: DeadLetters
  readonly #planned = new Map<string, () => void>()
  #trimming: Promise<unknown> = Promise.resolve()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#letters = new DeadLetters(runtime)
  }

  added(queue: string): void {
    if (this.#planned.has(queue)) return
    const look = () => {
      this.#planned.delete(queue)
      this.#trimming = this.#trim(queue)
    }
    this.#planned.set(queue, this.#runtime.clock.setTimer(everyMs, look, { background: true }))
  }

  async stop(): Promise<void> {
    for (const cancel of this.#planned.values()) cancel()
    await this.#trimming
  }

  async #trim(queue: string): Promise<void> {
    try {
      await this.#letters.trim(queue)
    } catch (error) {
      this.#runtime.logger.warn(`dead letters of '${queue}' could not be trimmed`, { error: String(error) })
    }
  }
}
