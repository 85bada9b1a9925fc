import type { Backend } from '../contracts/backend.ts'
import type { Broker, BrokerErrorCode, OutboundMessage, PublishOutcome } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { brokerError, isTransient } from '../errors/broker-error.ts'
import { TqError } from '../errors/tq-error.ts'
import { sleep } from '../util/sleep.ts'
import type { ParkedDelays } from './parked-delays.ts'

/** Messages whose sender waits for them together. */
interface Shipment {
  /** Since when nothing of it was taken, by the monotonic clock: at first, when it was handed in or its turn came. */
  quietSince: Millis
  left: number
  resolve(): void
  reject(error: Error): void
}

interface Entry {
  readonly message: OutboundMessage
  readonly shipment: Shipment
}

/** Why it was not stored, and by whom. */
interface Rejected {
  readonly rejected: BrokerErrorCode
  readonly reason: string
  readonly cause?: unknown
  /** It was the backend that refused. */
  readonly backend?: boolean
}

type Attempted = PublishOutcome | Rejected

/** Publishes under way at once, per queue: enough to hide the round trip, few enough to stay in batches. */
const mostUnderWay = 4

/**
 * Sends messages. All that is sent in one turn of the event loop goes in one batch per queue; what the service
 * refuses for now, or does not answer, is sent again with the same id. A shipment ends late when nothing of it was taken for
 * so long: a hundred thousand messages may take their time, as long as some get through.
 */
export class Publisher {
  readonly #broker: Broker
  readonly #backend: Backend | undefined
  readonly #oneStore: boolean
  readonly #parked: ParkedDelays | undefined
  readonly #clock: Clock
  readonly #timeoutMs: Millis
  readonly #waiting = new Map<string, Entry[]>()
  readonly #underWay = new Map<string, number>()
  /** When something of a busy queue was last taken. */
  readonly #takenAt = new Map<string, Millis>()
  #flushPlanned = false
  #idle: (() => void)[] = []

  constructor(
    broker: Broker,
    backend: Backend | undefined,
    parked: ParkedDelays | undefined,
    clock: Clock,
    timeoutMs: Millis,
  ) {
    this.#broker = broker
    this.#backend = backend
    this.#oneStore = broker.store !== undefined && broker.store === backend?.store
    this.#parked = parked
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /**
   * Resolves when all of them were accepted. A message's `record` is stored before it, or with it.
   *
   * @throws BrokerError, or TqError `PUBLISH_UNKNOWN` when no answer came: the tasks may or may not be queued
   */
  publish(queue: string, messages: readonly OutboundMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const shipment: Shipment = {
        quietSince: this.#clock.monotonic(),
        left: messages.length,
        resolve,
        reject,
      }
      const waiting = this.#waiting.get(queue) ?? []
      this.#waiting.set(queue, waiting)
      for (const message of messages) waiting.push({ message, shipment })
      this.#planFlush()
    })
  }

  /** Resolves when nothing is under way any more. */
  drain(): Promise<void> {
    if (this.#waiting.size === 0 && this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #planFlush(): void {
    if (this.#flushPlanned) return
    this.#flushPlanned = true
    const flush = () => {
      this.#flushPlanned = false
      for (const queue of [...this.#waiting.keys()]) this.#flush(queue)
    }
    // The first goes as soon as this piece of code is done; under load, all that the turn brings goes together.
    if (this.#underWay.size === 0) process.nextTick(flush)
    else setImmediate(flush)
  }

  #flush(queue: string): void {
    for (;;) {
      const waiting = this.#waiting.get(queue)
      const underWay = this.#underWay.get(queue) ?? 0
      if (!waiting || underWay >= mostUnderWay) return
      const batch = waiting.splice(0, this.#broker.capabilities.maxBatch)
      if (waiting.length === 0) this.#waiting.delete(queue)
      this.#underWay.set(queue, underWay + 1)
      // While it waited in line, those ahead of it were taken.
      const takenAt = this.#takenAt.get(queue)
      if (takenAt !== undefined) for (const { shipment } of batch) heardFrom(shipment, takenAt)
      void this.#ship(queue, batch).finally(() => this.#shipped(queue))
    }
  }

  #shipped(queue: string): void {
    const left = (this.#underWay.get(queue) ?? 1) - 1
    if (left > 0) this.#underWay.set(queue, left)
    else this.#underWay.delete(queue)
    this.#flush(queue)
    if (!this.#underWay.has(queue)) this.#takenAt.delete(queue)
    if (this.#waiting.size > 0 || this.#underWay.size > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #ship(queue: string, entries: readonly Entry[]): Promise<void> {
    let pending = entries
    for (let round = 0; ; round++) {
      const outcomes = await this.#tryOnce(queue, pending)
      const now = this.#clock.monotonic()
      if (outcomes.includes('accepted')) this.#takenAt.set(queue, now)
      pending = pending.filter((entry, index) =>
        this.#conclude(queue, entry, outcomes[index] ?? 'unknown', now),
      )
      if (pending.length === 0) return
      await sleep(this.#clock, Math.min(1_000, 25 * 2 ** round) * (0.5 + Math.random() / 2))
    }
  }

  /** Tells the sender; true when the message has to be sent again. */
  #conclude(queue: string, { shipment }: Entry, outcome: Attempted, now: Millis): boolean {
    if (outcome === 'accepted') {
      heardFrom(shipment, now)
      if (--shipment.left === 0) shipment.resolve()
      return false
    }
    const late = now >= shipment.quietSince + this.#timeoutMs
    if (!late && (outcome === 'unknown' || isTransient(outcome.rejected))) return true
    shipment.reject(outcome === 'unknown' ? this.#unknown(queue) : this.#rejection(queue, outcome))
    return false
  }

  #unknown(queue: string): TqError {
    const again = this.#backend
      ? 'Send again with the same taskId: it will not run twice.'
      : 'Without a backend, sending again may run it twice.'
    return new TqError(
      'PUBLISH_UNKNOWN',
      `${this.#broker.name}: no answer while sending to '${queue}': the task may or may not be queued. ${again}`,
      { details: { queue } },
    )
  }

  #rejection(queue: string, { rejected, reason, cause, backend }: Rejected): TqError {
    if (!backend) return brokerError(rejected, `sending to '${queue}'`, this.#broker.name, reason, cause)
    return new TqError(
      rejected === 'connection' ? 'BACKEND_UNREACHABLE' : 'BACKEND_REFUSED',
      `${this.#backend?.name} backend: the task's record could not be stored, so it was not sent: ${reason}`,
      { cause, details: { queue } },
    )
  }

  async #tryOnce(queue: string, entries: readonly Entry[]): Promise<readonly Attempted[]> {
    const all = (outcome: Attempted) => entries.map(() => outcome)
    const messages = entries.map(({ message }) => message)
    const quietSince = Math.max(...entries.map(({ shipment }) => shipment.quietSince))
    const leftMs = quietSince + this.#timeoutMs - this.#clock.monotonic()
    let cancelTimer = () => {}
    const timeout = new Promise<readonly Attempted[]>((resolve) => {
      cancelTimer = this.#clock.setTimer(Math.max(leftMs, 1), () => resolve(all('unknown')))
    })
    try {
      if (this.#oneStore) return await Promise.race([this.#hand(queue, messages), timeout])
      const known = await this.#storeRecords(messages)
      if ('rejected' in known) return all(known)
      const fresh = messages.filter(({ id }) => !known.has(id)).map(({ record: _, ...message }) => message)
      const outcomes = fresh.length > 0 ? this.#hand(queue, fresh) : []
      return await Promise.race([inPlace(messages, known, outcomes), timeout])
    } catch (cause) {
      const rejected = this.#broker.classify(cause)
      // A lost connection cannot tell whether the service had taken them.
      return all(rejected === 'connection' ? 'unknown' : { rejected, reason: reasonOf(cause), cause })
    } finally {
      cancelTimer()
    }
  }

  /** To the broker, or, where it cannot hold them for so long, to the backend. */
  async #hand(queue: string, messages: readonly OutboundMessage[]): Promise<readonly Attempted[]> {
    const parked = this.#parked
    if (!parked || !messages.some((message) => parked.isFar(message)))
      return this.#broker.publish(queue, messages)
    const near = messages.filter((message) => !parked.isFar(message))
    const far = messages.filter((message) => parked.isFar(message))
    const [sent, put] = await Promise.all([
      near.length > 0 ? this.#broker.publish(queue, near) : [],
      Promise.all(far.map((message) => this.#park(parked, queue, message))),
    ])
    const [nextSent, nextPut] = [sent.values(), put.values()]
    return messages.map((message) => {
      const { value } = parked.isFar(message) ? nextPut.next() : nextSent.next()
      return value ?? 'unknown'
    })
  }

  async #park(parked: ParkedDelays, queue: string, message: OutboundMessage): Promise<Attempted> {
    try {
      await parked.park(queue, message)
      return 'accepted'
    } catch (cause) {
      return this.#backendRejected(cause)
    }
  }

  /**
   * Records first: a task that can be run must be known, so that it can be revoked and asked for. Returns the ids of those
   * that a worker has had already: they are sent again under the same id, and need not be.
   */
  async #storeRecords(messages: readonly OutboundMessage[]): Promise<ReadonlySet<string> | Rejected> {
    const records = messages.map(({ record }) => record).filter((record) => record !== undefined)
    if (records.length === 0 || !this.#backend) return new Set()
    try {
      const outcomes = await this.#backend.results.put(records)
      return new Set(records.filter((_, at) => outcomes[at] === 'stale').map(({ id }) => id))
    } catch (cause) {
      return this.#backendRejected(cause)
    }
  }

  #backendRejected(cause: unknown): Rejected {
    const rejected = this.#backend?.classify(cause) ?? 'unknown'
    return { rejected, reason: reasonOf(cause), cause, backend: true }
  }
}

function heardFrom(shipment: Shipment, at: Millis): void {
  shipment.quietSince = Math.max(shipment.quietSince, at)
}

/** One outcome for each message, in order, where only the fresh ones were handed over. */
async function inPlace(
  messages: readonly OutboundMessage[],
  known: ReadonlySet<string>,
  fresh: Promise<readonly Attempted[]> | readonly Attempted[],
): Promise<readonly Attempted[]> {
  const outcomes = (await fresh).values()
  return messages.map(({ id }) => (known.has(id) ? 'accepted' : (outcomes.next().value ?? 'unknown')))
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
