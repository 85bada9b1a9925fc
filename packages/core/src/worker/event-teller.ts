import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { type FedEvent, feedEvents } from '../runtime/event-feed.ts'
import type { TaskEvents } from '../runtime/events.ts'
import type { Runtime } from '../runtime/runtime.ts'

const everyMs: Millis = 250
const mostPerBatch = 200
const names = ['started', 'succeeded', 'retried', 'failed', 'revoked', 'lost'] as const

/** Tells the store what happens to tasks here, while somebody listens: a batch four times a second. */
export class EventTeller {
  readonly #runtime: Runtime
  readonly #state: StateStore
  readonly #worker: string
  #stopListening: (() => void)[] = []
  #events: FedEvent[] = []
  #dropped = 0
  #cancelTimer: (() => void) | undefined

  constructor(runtime: Runtime, state: StateStore, worker: string) {
    this.#runtime = runtime
    this.#state = state
    this.#worker = worker
  }

  wanted(isWanted: boolean): void {
    if (isWanted === this.#stopListening.length > 0) return
    if (isWanted) {
      this.#stopListening = names.map((name) =>
        this.#runtime.events.on(name, (event) => this.#keep(name, event)),
      )
      return
    }
    this.stop()
  }

  stop(): void {
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#events = []
    this.#dropped = 0
  }

  #keep<Name extends (typeof names)[number]>(type: Name, event: TaskEvents[Name]): void {
    if (this.#events.length < mostPerBatch) {
      const at = this.#runtime.clock.now()
      this.#events.push({ ...event, type, at, worker: this.#worker } as FedEvent)
    } else this.#dropped++
    this.#cancelTimer ??= this.#runtime.clock.setTimer(everyMs, () => this.#tell(), { background: true })
  }

  #tell(): void {
    this.#cancelTimer = undefined
    const batch = { events: this.#events, dropped: this.#dropped }
    this.#events = []
    this.#dropped = 0
    feedEvents(this.#state, this.#runtime.clock, batch).catch((error: unknown) =>
      this.#runtime.logger.debug('events could not be told', { error: String(error) }),
    )
  }
}
