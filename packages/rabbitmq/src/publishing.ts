import type { OutboundMessage, PublishOutcome } from '@tq/core/driver'
import type { ConfirmChannel } from 'amqplib'
import { classify } from './classify.ts'
import type { Link, Live } from './link.ts'
import { bodyOf, packProperties } from './message-codec.ts'

/** A message and its place on the server. */
export interface Dispatch {
  readonly exchange: string
  readonly key: string
  readonly message: Omit<OutboundMessage, 'delayMs' | 'record' | 'group'>
  /** Leases of it that ended by themselves so far. */
  readonly lost: number
}

/** Sends messages on a connection of their own, and says of each what became of it. */
export class Publishing {
  readonly #link: Link
  #outlet: Promise<Outlet> | undefined

  constructor(link: Link) {
    this.#link = link
  }

  /** One outcome per message, in order. Rejects when nothing was sent at all. */
  async send(dispatches: readonly Dispatch[]): Promise<readonly PublishOutcome[]> {
    if (dispatches.length === 0) return []
    return await (await this.#open()).send(dispatches)
  }

  async #open(): Promise<Outlet> {
    const outlet = await this.#outlet?.catch(() => undefined)
    if (outlet?.usable) return outlet
    this.#outlet = this.#link.get().then((live) => Outlet.open(live))
    return await this.#outlet
  }
}

/** One confirm channel and what is under way on it. */
class Outlet {
  readonly #live: Live
  readonly #channel: ConfirmChannel
  /** Correlation ids of what came back because no queue took it. */
  readonly #returned = new Set<string>()
  #next = 0
  #closed = false
  #cause: unknown

  private constructor(live: Live, channel: ConfirmChannel) {
    this.#live = live
    this.#channel = channel
    channel.on('error', (error) => {
      this.#cause = error
    })
    channel.on('close', () => {
      this.#closed = true
    })
    channel.on('return', ({ properties }) => this.#returned.add(String(properties.correlationId)))
  }

  static async open(live: Live): Promise<Outlet> {
    return new Outlet(live, await live.confirmChannel())
  }

  get usable(): boolean {
    return !this.#closed && !this.#live.lost.aborted
  }

  send(dispatches: readonly Dispatch[]): Promise<readonly PublishOutcome[]> {
    const { blocked } = this.#live
    if (blocked !== undefined) {
      const rejected: PublishOutcome = { rejected: 'blocked', reason: `the server is blocked: ${blocked}` }
      return Promise.resolve(dispatches.map(() => rejected))
    }
    return new Promise((resolve, reject) => {
      const outcomes: PublishOutcome[] = dispatches.map(() => 'unknown')
      let left = dispatches.length
      const settle = (index: number, outcome: PublishOutcome) => {
        outcomes[index] = outcome
        if (--left === 0) resolve(outcomes)
      }
      for (const [index, { exchange, key, message, lost }] of dispatches.entries()) {
        const token = String(this.#next++)
        const properties = packProperties(message, lost)
        properties.correlationId = token
        try {
          this.#channel.publish(exchange, key, bodyOf(message), properties, (error) =>
            settle(index, this.#outcome(error, token, key)),
          )
        } catch (error) {
          // The channel ended under our hands. What was written before it is unknown, and is told so.
          if (index === 0) return reject(this.#live.lost.aborted ? this.#live.lost.reason : error)
          settle(index, 'unknown')
        }
      }
    })
  }

  #outcome(error: unknown, token: string, key: string): PublishOutcome {
    if (this.#returned.delete(token))
      return { rejected: 'queue-missing', reason: `there is no queue '${key}'` }
    if (error === null || error === undefined) return 'accepted'
    if (error instanceof Error && error.message === 'message nacked') {
      return {
        rejected: 'full',
        reason: 'the server refused the message: the queue is full, or has no majority',
      }
    }
    // The server closed the channel for one message; of the others nothing is known.
    if (classify(this.#cause) === 'limit') return { rejected: 'limit', reason: String(this.#cause) }
    return 'unknown'
  }
}
