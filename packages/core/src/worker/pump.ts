import type { Millis } from '../contracts/time.ts'
import type { QueueSession } from './queue-session.ts'

/** How many messages came; undefined when a queue could not be asked. */
type Count = number | undefined

/** Nobody reads it; without one, each abort would take down where it was made. */
const turnOver = new Error('the turn is over')

/** What the pump asks of the worker around it. */
export interface PumpHost {
  /** By the monotonic clock. */
  now(): Millis
  /** How many more deliveries the worker can hold for this queue: free slots and read-ahead. */
  room(session: QueueSession): number
  /** Whether nothing runs or waits for a slot. */
  isIdle(): boolean
  /** Moves what is ready into free slots. */
  startReady(): void
  /** Resolves when a slot came free, or something else changed. */
  changed(): Promise<void>
  /** Every queue was asked and none had a task. */
  foundNothing(): void
}

/** Where messages come from; may change between two turns. */
interface PumpQueues {
  readonly sessions: readonly QueueSession[]
  /** All of them, in the order of this turn. */
  turn(): readonly QueueSession[]
}

/** Keeps slots filled from the queues: start what is ready, wait for room, fetch in turn. */
export class Pump {
  readonly #queues: PumpQueues
  readonly #waitMs: Millis
  readonly #host: PumpHost
  /** By the monotonic clock: when the last turn began. */
  turnedAt: Millis = 0
  /** Nothing is asked for now: there is no room. */
  waits = false
  /** Ends the waiting for messages that is under way. */
  #waiting = new AbortController()

  /** @param waitMs How long a receive waits for a first task. */
  constructor(queues: PumpQueues, waitMs: Millis, host: PumpHost) {
    this.#queues = queues
    this.#waitMs = waitMs
    this.#host = host
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.interrupt(), { once: true })
    while (!signal.aborted) {
      this.#host.startReady()
      this.turnedAt = this.#host.now()
      if (this.#queues.sessions.every((session) => this.#host.room(session) <= 0)) {
        this.waits = true
        await this.#host.changed()
        this.waits = false
        continue
      }
      const turn = this.#queues.turn()
      const waiting = this.#waiting.signal
      const counts =
        turn.length === 1 ? await this.#waitForAny(turn, waiting) : await this.#askThenWait(turn, waiting)
      // A queue that could not be asked may be full of tasks.
      if (counts.every((count) => count === 0) && !waiting.aborted) this.#host.foundNothing()
    }
  }

  /** Ends what is waited for now: the next turn sees the queues as they are then. */
  interrupt(): void {
    this.#waiting.abort()
    this.#waiting = new AbortController()
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
      counts.push(await session.receive({ max: room, waitMs: 0, signal }))
      this.#host.startReady()
    }
    return counts
  }

  /**
   * On all at once; the first that gets something ends the others' waiting. So does room for one that had none: while a
   * quiet queue is waited on, slots come free for a full one.
   */
  async #waitForAny(turn: readonly QueueSession[], signal: AbortSignal): Promise<readonly Count[]> {
    const enough = new AbortController()
    const either = turn.length === 1 ? signal : AbortSignal.any([signal, enough.signal])
    const full = turn.filter((session) => this.#host.room(session) <= 0)
    if (full.length > 0) void this.#untilRoom(full, either).then(() => enough.abort(turnOver))
    try {
      return await Promise.all(
        turn.map(async (session) => {
          const room = this.#host.room(session)
          if (room <= 0) return undefined
          const idle = turn.length === 1 && this.#host.isIdle()
          const count = await session.receive({ max: room, waitMs: this.#waitMs, signal: either, idle })
          if (count !== undefined && count > 0) {
            this.#host.startReady()
            if (turn.length > 1) enough.abort(turnOver)
          }
          return count
        }),
      )
    } finally {
      enough.abort(turnOver)
    }
  }

  /** Also resolves when the signal aborted and something changed after that. */
  async #untilRoom(sessions: readonly QueueSession[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted && sessions.every((session) => this.#host.room(session) <= 0))
      await this.#host.changed()
  }
}
