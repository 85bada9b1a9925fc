import type { Millis } from '../contracts/time.ts'
import type { Nearing, ParkedDelays } from '../runtime/parked-delays.ts'
import type { Publisher } from '../runtime/publisher.ts'
import type { Runtime } from '../runtime/runtime.ts'

const batch = 100
/** Longer than sending may take: what another worker is sending must not be sent twice. */
const leaseMs: Millis = 30_000
const longestPauseMs: Millis = 10_000

/** Sends parked messages on to the broker when their time is near. Every worker does; each message comes to one. */
export class DelayAttendant {
  readonly name = 'delayed tasks'
  readonly #runtime: Runtime
  readonly #parked: ParkedDelays
  readonly #publisher: Publisher
  readonly #everyMs: Millis
  #cancelTimer: (() => void) | undefined
  #stopped = false
  #round: Promise<void> = Promise.resolve()

  constructor(runtime: Runtime, parked: ParkedDelays, publisher: Publisher) {
    this.#runtime = runtime
    this.#parked = parked
    this.#publisher = publisher
    // Often enough that the broker's own delay still does the last part.
    this.#everyMs = Math.min(longestPauseMs, parked.leadMs / 4)
  }

  start(): void {
    this.#round = this.#sendNearing().then(() => this.#plan())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#round
  }

  #plan(): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#runtime.clock.setTimer(this.#everyMs, () => this.start(), { background: true })
  }

  async #sendNearing(): Promise<void> {
    try {
      for (;;) {
        const nearing = await this.#parked.nearing(batch, leaseMs)
        await Promise.all([...byQueue(nearing)].map(([queue, items]) => this.#send(queue, items)))
        if (nearing.length < batch || this.#stopped) return
      }
    } catch (error) {
      this.#runtime.logger.warn('delayed tasks could not be sent on; trying again', { error: String(error) })
    }
  }

  /** Forgotten only once the broker has them: dying in between doubles a message, and its task runs once all the same. */
  async #send(queue: string, items: readonly Nearing[]): Promise<void> {
    await this.#publisher.publish(
      queue,
      items.map(({ message }) => message),
    )
    await this.#parked.forget(items.map(({ key }) => key))
  }
}

function byQueue(nearing: readonly Nearing[]): Map<string, Nearing[]> {
  const queues = new Map<string, Nearing[]>()
  for (const item of nearing) queues.set(item.queue, [...(queues.get(item.queue) ?? []), item])
  return queues
}
