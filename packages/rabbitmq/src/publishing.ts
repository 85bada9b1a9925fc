import type { Clock, Millis, OutboundMessage, PublishOutcome } from '@tq/core/driver'
import type { ConfirmChannel } from 'amqplib'
import { UnreachableError } from './errors.ts'
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

/** What was on its way when the server stopped reading gets so long for its confirms. */
const lastConfirmsMs: Millis = 500
/** Where nothing is: a message to it is confirmed, and gone. */
const nowhere = 'tq.v1.nowhere'

/** Sends messages on a connection of their own, and says of each what became of it. */
export class Publishing {
  readonly #link: Link
  readonly #clock: Clock
  #outlet: Promise<Outlet> | undefined
  /** The last connection was given up because the server did not read from it. */
  #wasBlocked = false

  constructor(link: Link, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /** One outcome per message, in order. Rejects when nothing was sent at all. */
  async send(dispatches: readonly Dispatch[]): Promise<readonly PublishOutcome[]> {
    if (dispatches.length === 0) return []
    const outlet = await this.#open()
    const refused = outlet.refused
    if (refused === undefined) return await outlet.send(dispatches)
    const rejected: PublishOutcome = { rejected: 'blocked', reason: `the server is blocked: ${refused}` }
    return dispatches.map(() => rejected)
  }

  async #open(): Promise<Outlet> {
    const known = this.#outlet
    const outlet = await known?.catch(() => undefined)
    if (outlet?.usable) return outlet
    // Others may have waited for the same one.
    if (this.#outlet === known) {
      outlet?.retire()
      this.#outlet = this.#make()
    }
    return await (this.#outlet as Promise<Outlet>)
  }

  async #make(): Promise<Outlet> {
    const live = await this.#link.get()
    const outlet = new Outlet(live, await live.confirmChannel())
    live.onBlocked = () => this.#onBlocked(live, outlet)
    if (this.#wasBlocked) await outlet.probe(this.#clock)
    this.#wasBlocked = false
    return outlet
  }

  /**
   * In an alarm the server reads nothing more, and would take what lies in its buffers when the alarm is over, long after
   * its sender was told otherwise. So the connection is given up as it is.
   */
  #onBlocked(live: Live, outlet: Outlet): void {
    const giveUp = () => {
      if (live.blocked === undefined || outlet.pending === 0) return
      this.#wasBlocked = true
      live.reset(new UnreachableError(`the server stopped reading: ${live.blocked}`))
    }
    this.#clock.setTimer(lastConfirmsMs, giveUp, { background: true })
  }
}

/** One confirm channel and what is under way on it. */
class Outlet {
  readonly #live: Live
  readonly #channel: ConfirmChannel
  /** Correlation ids of what came back because no queue took it. */
  readonly #returned = new Set<string>()
  #next = 0
  #pending = 0
  #closed = false
  #nacked = false
  #retired = false
  #cause: unknown
  /** A message to nowhere was sent and is not confirmed: the server does not read. */
  #probing = false

  constructor(live: Live, channel: ConfirmChannel) {
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

  /** A channel that was refused something goes on refusing for seconds after the queue has found another leader. */
  get usable(): boolean {
    return !this.#closed && !this.#nacked && !this.#live.lost.aborted
  }

  /** Closes as soon as nothing is under way on it. */
  retire(): void {
    this.#retired = true
    if (this.#pending === 0 && !this.#closed) this.#channel.close().catch(() => {})
  }

  /** Messages that are neither confirmed nor refused. */
  get pending(): number {
    return this.#pending
  }

  /** Why nothing can be sent now. */
  get refused(): string | undefined {
    return this.#live.blocked ?? (this.#probing ? 'it does not read' : undefined)
  }

  /** Tells in time whether the server reads, for it says so only to those who send. */
  probe(clock: Clock): Promise<void> {
    this.#probing = true
    return new Promise((resolve) => {
      const cancel = clock.setTimer(lastConfirmsMs, resolve, { background: true })
      this.#live.model.once('blocked', () => resolve())
      this.#channel.publish('', nowhere, Buffer.alloc(0), {}, () => {
        this.#probing = false
        cancel()
        resolve()
      })
    })
  }

  send(dispatches: readonly Dispatch[]): Promise<readonly PublishOutcome[]> {
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
          this.#channel.publish(exchange, key, bodyOf(message), properties, (error) => {
            this.#pending--
            if (this.#retired) this.retire()
            settle(index, this.#outcome(error, token, key, message.body.byteLength))
          })
          this.#pending++
        } catch (error) {
          // The channel ended under our hands. What was written before it is unknown, and is told so.
          if (index === 0) return reject(this.#live.lost.aborted ? this.#live.lost.reason : error)
          settle(index, 'unknown')
        }
      }
      return undefined
    })
  }

  #outcome(error: unknown, token: string, key: string, bytes: number): PublishOutcome {
    if (this.#returned.delete(token))
      return { rejected: 'queue-missing', reason: `there is no queue '${key}'` }
    if (error === null || error === undefined) return 'accepted'
    if (error instanceof Error && error.message === 'message nacked') {
      this.#nacked = true
      return {
        rejected: 'full',
        reason: 'the server refused the message: the queue is full, or has no majority',
      }
    }
    // The server ends the channel for a message that is too large; of the others nothing is known.
    const most = sizeLimit(this.#cause)
    return bytes > most ? { rejected: 'limit', reason: String(this.#cause) } : 'unknown'
  }
}

/** What the server said it takes at most, when it refused a message for its size. */
function sizeLimit(error: unknown): number {
  const [, most] = /message size \d+ is larger than configured max size (\d+)/i.exec(String(error)) ?? []
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most)
}
