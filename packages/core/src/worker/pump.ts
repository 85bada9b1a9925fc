import type { Millis } from '../contracts/time.ts'
import type { QueueOrder } from './queue-order.ts'
import type { QueueSession } from './queue-session.ts'

/** How many messages came; undefined when a queue could not be asked. */
type Count = number | undefined

/** What the pump asks of the worker around it. */
export interface PumpHost {
  /** How many more deliveries the worker can hold for this queue: free slots and read-ahead. */
  room(session: QueueSession): number
  /** Moves what is ready into free slots. */
  startReady(): void
  /** Resolves when a slot came free, or something else changed. */
  changed(): Promise<void>
  /** Every queue was asked and none had a task. */
  foundNothing(): void
}

/** Keeps slots filled from the queues: start what is ready, wait for room, fetch in turn. */
export class Pump {
  readonly #sessions: readonly QueueSession[]
  readonly #order: QueueOrder
  readonly #waitMs: Millis
  readonly #host: PumpHost

  /** @param waitMs How long a receive waits for a first task. */
  constructor(sessions: readonly QueueSession[], order: QueueOrder, waitMs: Millis, host: PumpHost) {
    this.#sessions = sessions
    this.#order = order
    this.#waitMs = waitMs
    this.#host = host
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#host.startReady()
      if (this.#sessions.every((session) => this.#host.room(session) <= 0)) {
        await this.#host.changed()
        continue
      }
      const turn = this.#order
        .turn()
        .map((index) => this.#sessions[index])
        .filter((session) => session !== undefined)
      const counts =
        turn.length === 1 ? await this.#waitForAny(turn, signal) : await this.#askThenWait(turn, signal)
      // A queue that could not be asked may be full of tasks.
      if (counts.every((count) => count === 0) && !signal.aborted) this.#host.foundNothing()
    }
  }

  async #askThenWait(turn: readonly QueueSession[], signal: AbortSignal): Promise<readonly Count[]> {
    const asked = await this.#askEach(turn, signal)
    return asked.some((count) => count !== 0) ? asked : this.#waitForAny(turn, signal)
  }

  /** In the order of the turn, without waiting, until there is no more room. */
  async #askEach(turn: readonly QueueSession[], signal: AbortSignal): Promise<readonly Count[]> {
    const counts: Count[] = []
    for (const session of turn) {
      const room = this.#host.room(session)
      if (room <= 0 || signal.aborted) continue
      counts.push(await session.receive(room, 0, signal))
      this.#host.startReady()
    }
    return counts
  }

  /** On all at once; the first that gets something ends the others' waiting. */
  async #waitForAny(turn: readonly QueueSession[], signal: AbortSignal): Promise<readonly Count[]> {
    const enough = new AbortController()
    const either = turn.length === 1 ? signal : AbortSignal.any([signal, enough.signal])
    return await Promise.all(
      turn.map(async (session) => {
        const room = this.#host.room(session)
        if (room <= 0) return undefined
        const count = await session.receive(room, this.#waitMs, either)
        if (count !== undefined && count > 0) {
          this.#host.startReady()
          if (turn.length > 1) enough.abort()
        }
        return count
      }),
    )
  }
}
