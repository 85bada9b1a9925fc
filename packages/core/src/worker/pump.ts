import type { Millis } from '../contracts/time.ts'
import type { QueueOrder } from './queue-order.ts'
import type { QueueSession } from './queue-session.ts'

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
      const found =
        turn.length === 1
          ? await this.#waitForAny(turn, signal)
          : (await this.#askEach(turn, signal)) || (await this.#waitForAny(turn, signal))
      if (!found && !signal.aborted) this.#host.foundNothing()
    }
  }

  /** In the order of the turn, without waiting, until there is no more room. */
  async #askEach(turn: readonly QueueSession[], signal: AbortSignal): Promise<boolean> {
    let found = 0
    for (const session of turn) {
      const room = this.#host.room(session)
      if (room <= 0 || signal.aborted) continue
      found += await session.receive(room, 0, signal)
      this.#host.startReady()
    }
    return found > 0
  }

  /** On all at once; the first that gets something ends the others' waiting. */
  async #waitForAny(turn: readonly QueueSession[], signal: AbortSignal): Promise<boolean> {
    if (turn.length === 1 && turn[0])
      return (await turn[0].receive(this.#host.room(turn[0]), this.#waitMs, signal)) > 0
    const enough = new AbortController()
    const either = AbortSignal.any([signal, enough.signal])
    const counts = await Promise.all(
      turn.map(async (session) => {
        const room = this.#host.room(session)
        if (room <= 0) return 0
        const count = await session.receive(room, this.#waitMs, either)
        if (count > 0) {
          this.#host.startReady()
          enough.abort()
        }
        return count
      }),
    )
    return counts.some((count) => count > 0)
  }
}
