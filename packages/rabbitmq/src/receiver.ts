import type { Clock, Delivery, Lease, Millis, Receiver, Settlement } from '@tq/core/driver'
import type { Channel } from 'amqplib'
import { Deliveries, fromLease, type Held, toLease } from './deliveries.ts'
import { ClosedError, UnreachableError } from './errors.ts'
import { Intake } from './intake.ts'
import type { Live } from './link.ts'
import type { QueueNames } from './names.ts'
import type { Publishing } from './publishing.ts'
import { type Route, Settling } from './settling.ts'
import { Wait } from './wait.ts'

/** What a receiver is opened with. */
export interface ReceiverOptions {
  readonly leaseMs: Millis
  readonly prefetch: number
}

export interface ReceiverParts {
  readonly live: Live
  readonly names: QueueNames
  readonly clock: Clock
  readonly prefetch: number
  readonly consumerTimeoutMs: Millis
  readonly publishing: Publishing
  readonly route: Route
  /** The queue was deleted. */
  readonly onMissing: () => void
}

/** The server lets a consumer say how long it may hold a message since this version. */
const timeoutPerConsumer = [4, 3] as const

/**
 * One channel that receives. Its leases are the channel's: when it ends they have ended, and another receiver has to be
 * opened. It never comes back by itself.
 */
export class RabbitReceiver implements Receiver {
  readonly #live: Live
  readonly #channel: Channel
  readonly #clock: Clock
  readonly #prefetch: number
  readonly #onMissing: () => void
  readonly #deliveries = new Deliveries()
  readonly #intake: Intake
  readonly #wait: Wait
  readonly #ended = new AbortController()
  #receiving: Promise<unknown> | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: ReceiverParts, channel: Channel) {
    const { live, clock, names, prefetch, publishing, route } = parts
    this.#live = live
    this.#channel = channel
    this.#clock = clock
    this.#prefetch = prefetch
    this.#onMissing = parts.onMissing
    this.#wait = new Wait(clock)
    const deliveries = this.#deliveries
    const onRoom = this.#wait.wake
    this.#intake = new Intake(
      {
        channel,
        names,
        deliveries,
        clock,
        prefetch,
        consumerArguments: consumerArguments(live.version, parts.consumerTimeoutMs),
        onArrival: this.#wait.wake,
        onCancelled: (error) => this.#cancelled(error),
      },
      (sync) =>
        new Settling({
          channel,
          deliveries,
          publishing,
          route,
          inPlace: names.suspects === undefined,
          sync,
          onRoom,
        }),
    )
    channel.on('error', (error) => this.#end(error))
    channel.on('close', () =>
      this.#end(live.lost.aborted ? live.lost.reason : new UnreachableError('the channel was closed')),
    )
  }

  static async open(parts: ReceiverParts): Promise<RabbitReceiver> {
    return new RabbitReceiver(parts, await parts.live.channel())
  }

  /** Aborted when its leases have ended. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  async receive(options: {
    readonly max: number
    readonly waitMs: Millis
    readonly signal: AbortSignal
  }): Promise<readonly Delivery[]> {
    this.#check()
    const receiving = this.#receive(options.max, options.waitMs, options.signal)
    this.#receiving = receiving
    this.#intake.asks(true)
    try {
      return await receiving
    } finally {
      this.#receiving = undefined
      this.#intake.asks(false)
    }
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    return await this.#intake.settling.ack(leases)
  }

  async nack(
    leases: readonly Lease[],
    { delayMs }: { readonly delayMs: Millis },
  ): Promise<readonly Settlement[]> {
    return await this.#intake.settling.nack(leases, delayMs)
  }

  /** The open channel is the lease: there is nothing to renew, only to tell. */
  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    return leases.map((lease) => {
      const held = fromLease(lease)
      return held.owner === this.#deliveries && !held.settled ? 'ok' : 'lost'
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #receive(max: number, waitMs: Millis, signal: AbortSignal): Promise<readonly Delivery[]> {
    const until = this.#clock.monotonic() + waitMs
    const ended = () => signal.aborted || this.#closing !== undefined
    signal.addEventListener('abort', this.#wait.wake)
    try {
      for (let leftMs = waitMs; ; leftMs = until - this.#clock.monotonic()) {
        const room = Math.min(max, this.#prefetch - this.#deliveries.out)
        if (room > 0 && !ended()) {
          const held = await this.#next(room, leftMs > 0, signal)
          if (held.length > 0) return held.map((one) => this.#handOut(one))
        }
        if (leftMs <= 0 || ended()) return []
        await this.#wait.next(Math.max(1, Math.min(leftMs, this.#intake.patienceMs)))
        if (this.#ended.signal.aborted && !ended()) throw this.#ended.signal.reason
      }
    } finally {
      signal.removeEventListener('abort', this.#wait.wake)
    }
  }

  async #next(room: number, waiting: boolean, signal: AbortSignal): Promise<readonly Held[]> {
    try {
      const held = await this.#intake.next(room, waiting, signal)
      return this.#ended.signal.aborted ? [] : held
    } catch (error) {
      // What ended the channel says more than what the channel says of its end.
      if ((error as { code?: unknown }).code === 404) this.#onMissing()
      throw this.#ended.signal.aborted ? this.#ended.signal.reason : error
    }
  }

  #handOut(held: Held): Delivery {
    this.#deliveries.handOut(held)
    return { message: held.message, lease: toLease(held), deliveryCount: held.lost + 1 }
  }

  #cancelled(error: Error): void {
    this.#onMissing()
    this.#end(error)
    // What it still holds has to go to others.
    this.#channel.close().catch(() => {})
  }

  #end(error: unknown): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort(error)
    this.#deliveries.clear()
    this.#intake.abandon()
    this.#wait.wake()
  }

  async #close(): Promise<void> {
    this.#wait.wake()
    // What it fetches at this moment is still handed out.
    await this.#receiving?.catch(() => {})
    if (!this.#ended.signal.aborted) {
      await this.#intake.stop().catch(() => {})
      await this.#channel.close().catch(() => {})
    }
    this.#end(new ClosedError())
  }

  #check(): void {
    if (this.#closing !== undefined) throw new ClosedError()
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason
    if (this.#live.lost.aborted) throw this.#live.lost.reason
  }
}

function consumerArguments(version: string, timeoutMs: Millis): Readonly<Record<string, unknown>> {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [since, minorSince] = timeoutPerConsumer
  const understood = major > since || (major === since && minor >= minorSince)
  return understood && Number.isFinite(timeoutMs) ? { 'x-consumer-timeout': timeoutMs } : {}
}
