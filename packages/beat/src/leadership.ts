import type { BeatServices, Clock } from '@tq/core'

/**
 * Whether this beat leads. Only an optimisation: two leaders at once send the same ticks under the same ids. Valid by the
 * monotonic clock, so that a process that was stopped knows, when it goes on, that it leads no more.
 */
export class Leadership {
  readonly ttlMs: number
  readonly #services: BeatServices
  readonly #clock: Clock
  readonly #holder: string
  #term: number | undefined
  #validUntil = Number.NEGATIVE_INFINITY
  #renewAt = Number.NEGATIVE_INFINITY

  constructor(services: BeatServices, clock: Clock, holder: string, ttlMs: number) {
    this.#services = services
    this.#clock = clock
    this.#holder = holder
    this.ttlMs = ttlMs
  }

  /** Its number, which rises with every new leader; undefined when this one does not lead, or cannot be sure. */
  get term(): number | undefined {
    return this.#clock.monotonic() < this.#validUntil ? this.#term : undefined
  }

  /** When it has to be renewed, by the monotonic clock. */
  get renewAt(): number {
    return this.#renewAt
  }

  /** Takes it or keeps it, if that can be done; asks the store no more than needed. Rejects when the store does not answer. */
  async hold(): Promise<boolean> {
    const asked = this.#clock.monotonic()
    if (this.#term !== undefined && asked < this.#renewAt) return true
    if (this.#term !== undefined && !(await this.#services.renew(this.#holder, this.ttlMs))) this.lose()
    this.#term ??= await this.#services.acquire(this.#holder, this.ttlMs)
    if (this.#term === undefined) return false
    this.#validUntil = asked + this.ttlMs - Math.min(1_000, this.ttlMs / 10)
    this.#renewAt = asked + this.ttlMs / 3
    return this.term !== undefined
  }

  /** Somebody else leads. */
  lose(): void {
    this.#term = undefined
    this.#validUntil = Number.NEGATIVE_INFINITY
  }

  async release(): Promise<void> {
    if (this.#term === undefined) return
    this.lose()
    await this.#services.release(this.#holder)
  }
}
