import type { Clock, Millis } from '@tq/core/driver'

/** So long without a word is suspicious: our scripts take milliseconds. */
const suspiciousMs: Millis = 1_500
const lookEveryMs: Millis = 500
/** How long another connection may take to show that the server is there. */
const probeMs: Millis = 1_000
/** A slow server answers both: the one that was asked first not much later. */
const mercyMs: Millis = 300

/** A connection that may be dead without having said so. */
export interface Suspect {
  /** Whether another connection gets an answer. */
  probe(within: Millis): Promise<boolean>
  /** Ends its socket; it makes a new one by itself. */
  replace(): void
}

/**
 * Tells a dead socket from a slow server: when answers are overdue, another connection asks. Only if that is answered,
 * and the first still is not, is the first one given up.
 */
export class Silence {
  readonly #clock: Clock
  readonly #suspect: Suspect
  #owed = 0
  #heardAt: Millis = 0
  #cancel: (() => void) | undefined
  #probing = false

  constructor(clock: Clock, suspect: Suspect) {
    this.#clock = clock
    this.#suspect = suspect
  }

  asked(): void {
    if (this.#owed++ === 0) this.#heardAt = this.#clock.monotonic()
    this.#cancel ??= this.#clock.setTimer(lookEveryMs, () => this.#look(), { background: true })
  }

  answered(): void {
    this.#owed--
    this.#heardAt = this.#clock.monotonic()
  }

  stop(): void {
    this.#cancel?.()
  }

  #look(): void {
    this.#cancel = undefined
    if (this.#owed === 0) return
    if (this.#clock.monotonic() - this.#heardAt >= suspiciousMs && !this.#probing) void this.#probe()
    this.#cancel = this.#clock.setTimer(lookEveryMs, () => this.#look(), { background: true })
  }

  async #probe(): Promise<void> {
    this.#probing = true
    const heardAt = this.#heardAt
    const there = await this.#suspect.probe(probeMs)
    if (there) await new Promise<void>((resolve) => this.#clock.setTimer(mercyMs, resolve))
    this.#probing = false
    if (there && this.#owed > 0 && this.#heardAt === heardAt) this.#suspect.replace()
  }
}
