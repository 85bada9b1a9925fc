import type { Clock, Millis } from '../contracts/time.ts'
import { Alarm } from './alarm.ts'

/** What those who wait look at. */
interface Watched {
  /** Moves what has become due. */
  catchUp(): void
  /** Whether there is something to take. */
  isReady(): boolean
  /** When something next becomes due by itself. */
  nextDue(): Millis
}

/** Who waits for the messages of one queue, first come, first served. Quiet, without a timer, while nobody waits. */
export class Waiting {
  readonly #watched: Watched
  readonly #alarm: Alarm
  readonly #all = new Set<() => void>()
  #servesSoon = false

  constructor(clock: Clock, watched: Watched) {
    this.#watched = watched
    this.#alarm = new Alarm(clock, () => this.#serve())
  }

  /** Calls `serve` whenever it might get something, until the returned function is called. */
  add(serve: () => void): () => void {
    this.#all.add(serve)
    this.#alarm.set(this.#watched.nextDue())
    return () => this.#all.delete(serve)
  }

  /** There may be more to take, or room for it. Served after the current step: a batch comes to a receiver as one. */
  changed(): void {
    if (this.#all.size === 0 || this.#servesSoon) return
    this.#servesSoon = true
    queueMicrotask(() => {
      this.#servesSoon = false
      this.#serve()
    })
  }

  #serve(): void {
    if (this.#all.size === 0) return
    this.#watched.catchUp()
    for (const serve of this.#all) {
      if (!this.#watched.isReady()) break
      serve()
    }
    if (this.#all.size > 0) this.#alarm.set(this.#watched.nextDue())
  }
}
