import type { Millis } from '@tq/core/driver'
import { batchSize } from './capabilities.ts'
import type { Connection } from './connection.ts'
import { type Polled, poll } from './poll.ts'

/** Full answers double what runs in parallel, up to this. */
const mostInParallel = 16
const firstRetryMs: Millis = 100
const longestRetryMs: Millis = 1_000
/** What SQS refuses it refuses within this. */
const acceptedMs: Millis = 1_000

interface UnderWay {
  readonly startedAt: Millis
  readonly max: number
  readonly emptyTimes: number
  readonly done: Promise<void>
}

/** What a band's polls tell the receiver. */
export interface BandHost {
  arrived(band: number, polled: Polled): void
  /** A poll has ended, with or without messages, or failed. */
  ended(): void
}

/** The polls of one band of one receiver: how many, how long, and what is known of the band from them. */
export class BandPolls {
  readonly #connection: Connection
  readonly #url: string
  readonly #band: number
  readonly #seconds: number
  readonly #host: BandHost
  readonly #underWay = new Set<UnderWay>()
  #emptyTimes = 0
  /** There was an answer, and none failed since. */
  #answers = false
  /** The last answer was empty. */
  #seenEmpty = false
  #parallel = 1
  /** Empty answers in a row that came before their time. */
  #early = 0
  #failures = 0
  #failingSince: Millis | undefined
  #retryAt: Millis = 0
  #error: unknown

  constructor(connection: Connection, url: string, band: number, seconds: number, host: BandHost) {
    this.#connection = connection
    this.#url = url
    this.#band = band
    this.#seconds = seconds
    this.#host = host
  }

  /** How many messages the polls under way may bring. */
  get expected(): number {
    let sum = 0
    for (const { max } of this.#underWay) sum += max
    return sum
  }

  get polling(): boolean {
    return this.#underWay.size > 0
  }

  /** It had messages when it was asked last. */
  get busy(): boolean {
    return this.#answers && !this.#seenEmpty
  }

  /** Another poll may run beside those under way. */
  get mayPoll(): boolean {
    if (this.#connection.clock.monotonic() < this.#retryAt) return false
    return this.#underWay.size < (this.#seenEmpty ? 1 : this.#parallel)
  }

  /** What the last polls failed with, and for how long they have been failing. */
  get failing(): { readonly error: unknown; readonly forMs: Millis } | undefined {
    // A poll that SQS keeps waiting has not failed.
    if (this.#failingSince === undefined || (this.polling && this.emptyInMs(acceptedMs) === 0))
      return undefined
    return { error: this.#error, forMs: this.#connection.clock.monotonic() - this.#failingSince }
  }

  /** In how long a band that failed may be asked again; 0 where nothing failed. */
  get retryInMs(): Millis {
    return Math.max(0, this.#retryAt - this.#connection.clock.monotonic())
  }

  /**
   * In how long it is known to be empty if no answer comes: one that has messages answers at once, one that has none
   * keeps a poll waiting. 0: it is known.
   *
   * @param certainMs how long a poll must have waited
   */
  emptyInMs(certainMs: Millis): Millis {
    if (this.#seenEmpty && this.polling) return 0
    let first = Number.POSITIVE_INFINITY
    for (const { startedAt } of this.#underWay) first = Math.min(first, startedAt)
    if (first === Number.POSITIVE_INFINITY) return certainMs
    return Math.max(0, first + certainMs - this.#connection.clock.monotonic())
  }

  ask(max: number): void {
    const { clock } = this.#connection
    const most = Math.max(1, Math.min(max, batchSize))
    const options = { max: most, seconds: this.#seconds, emptyTimes: this.#emptyTimes }
    const done: Promise<void> = poll(this.#connection, this.#url, options).then(
      (polled) => this.#answered(entry, polled),
      (error: unknown) => this.#failed(entry, error),
    )
    const entry: UnderWay = { startedAt: clock.monotonic(), max: most, emptyTimes: this.#emptyTimes, done }
    this.#underWay.add(entry)
  }

  /** Resolves when no poll is under way any more. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#underWay].map(({ done }) => done))
  }

  #answered(entry: UnderWay, polled: Polled): void {
    this.#underWay.delete(entry)
    this.#answers = true
    this.#failures = 0
    this.#failingSince = undefined
    this.#retryAt = 0
    const count = polled.messages.length
    if (count === 0) {
      this.#seenEmpty = true
      this.#parallel = 1
      // Not once for each of several that ran in parallel.
      if (polled.waited) this.#emptyTimes = Math.max(this.#emptyTimes, entry.emptyTimes + 1)
      this.#early = polled.waited ? 0 : this.#early + 1
      // An emulator that does not wait must not be asked without a pause.
      if (this.#early > 0) this.#retryAt = this.#connection.clock.monotonic() + retryMs(this.#early - 4)
    } else {
      this.#early = 0
      this.#seenEmpty = false
      this.#parallel = count === batchSize ? Math.min(2 * this.#parallel, mostInParallel) : 1
      this.#host.arrived(this.#band, polled)
    }
    this.#host.ended()
  }

  #failed(entry: UnderWay, error: unknown): void {
    const now = this.#connection.clock.monotonic()
    this.#underWay.delete(entry)
    this.#error = error
    this.#failingSince ??= now
    this.#seenEmpty = false
    this.#answers = false
    this.#retryAt = now + retryMs(this.#failures++)
    this.#host.ended()
  }
}

/** With jitter, so that receivers do not come back together. */
function retryMs(times: number): Millis {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(times, 6)) * (0.5 + Math.random() / 2)
}
