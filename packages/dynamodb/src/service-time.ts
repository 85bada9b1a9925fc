import type { Clock, Millis } from '@tq/core/driver'

/** An instant as far as it is known: between the two, in milliseconds since 1970 by the service's clock. */
export interface Instant {
  readonly earliest: number
  readonly latest: number
}

/** The hosts of a service agree on the time this well. */
const skewMs: Millis = 50
/** A process's clock of durations goes wrong by no more than this. */
const driftPerMs = 0.0002
/** `Date` tells whole seconds. */
const secondMs = 1_000
const longestGuessMs = 1_000

/**
 * The service's clock, which DynamoDB lets nobody read: only its answers carry a `Date`, in whole seconds. Each tells
 * that the clock stood within that second at some moment between question and answer. Many together say it to some tens of
 * milliseconds. What must not be early counts from the latest it may be, and ends by the earliest: whoever asks.
 */
export class ServiceTime {
  readonly #clock: Clock
  /** By how much the service's clock is ahead of our monotonic one: at least, at most. */
  #least = Number.NEGATIVE_INFINITY
  #most = Number.POSITIVE_INFINITY
  #seenAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How well it is known; `Infinity` before the first answer. */
  get uncertaintyMs(): Millis {
    return this.#most - this.#least
  }

  now(): Instant {
    this.#age()
    const at = this.#clock.monotonic()
    return { earliest: at + this.#least, latest: at + this.#most }
  }

  /** An answer came, to what was asked at a moment of our monotonic clock. */
  learn(date: string, askedAt: Millis): void {
    const second = Date.parse(date)
    if (Number.isNaN(second)) return
    const answeredAt = this.#clock.monotonic()
    // A slow answer tells too little.
    if (answeredAt - askedAt > longestGuessMs && this.uncertaintyMs < 2 * secondMs) return
    this.#age()
    const least = second - answeredAt - skewMs
    const most = second + secondMs - askedAt + skewMs
    const together = [Math.max(this.#least, least), Math.min(this.#most, most)] as const
    // They contradict each other: a clock was set, or this machine slept. The newer one is right.
    const [from, to] = together[0] < together[1] ? together : [least, most]
    this.#least = from
    this.#most = to
  }

  #age(): void {
    const at = this.#clock.monotonic()
    const drift = (at - this.#seenAt) * driftPerMs
    this.#seenAt = at
    this.#least -= drift
    this.#most += drift
  }
}

/** One per service and process, whoever asks first. */
const known = new WeakMap<Clock, Map<string, ServiceTime>>()

export function serviceTime(service: string, clock: Clock): ServiceTime {
  const own = known.get(clock) ?? new Map<string, ServiceTime>()
  known.set(clock, own)
  const time = own.get(service) ?? new ServiceTime(clock)
  own.set(service, time)
  return time
}
