import { randomInt } from 'node:crypto'
import type { Clock, Millis } from '@tq/core/driver'
import type { Channel, Message } from 'amqplib'
import type { Credit, Deliveries, Held } from './deliveries.ts'
import { UnreachableError } from './errors.ts'
import { unpackMessage } from './message-codec.ts'
import type { QueueNames } from './names.ts'
import type { Settling } from './settling.ts'

/** One message in so many is taken from the bottom. */
const bottomEvery = 16
/** So many are fetched one by one; who wants more is sent them. */
const fetchedAtOnce = 8
/** A receiver that comes back for more within this is in a hurry. */
const hurryMs: Millis = 50
/** What was sent and is not asked for goes back to others after this. */
const idleMs: Millis = 100
/** How often that is looked for, and whether a consumer has used up what it may be sent. */
const lookMs: Millis = 25
/** The most a consumer may be sent ahead. */
const mostCredit = 1_000
/** So many lost leases make a message wait apart from others, which would be lost with it. */
const suspectAfter = 2

export interface IntakeOptions {
  readonly channel: Channel
  readonly names: QueueNames
  readonly deliveries: Deliveries
  readonly clock: Clock
  /** The most that may be held. */
  readonly prefetch: number
  /** Arguments of a consumer that this server understands. */
  readonly consumerArguments: Readonly<Record<string, unknown>>
  /** Something is there to take. */
  readonly onArrival: () => void
  /** The server ended a consumer. */
  readonly onCancelled: (error: Error) => void
}

/** The consumers of one moment, one per AMQP queue. */
interface Standing {
  readonly tags: string[]
  readonly credits: Credit[]
  readonly at: Millis
}

/**
 * How one receiver comes to its messages. RabbitMQ knows no priority between queues and no common limit for several
 * consumers, so there are two ways: a few messages are fetched one by one, the higher queue first, which holds nothing
 * that was not asked for; many, and what is waited for, are sent by consumers with a limit of what was asked for. When
 * nobody asks any more the consumers end, and what they had sent goes back.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #settling: Settling
  /** What came and was not taken yet, in the order of serving. */
  readonly #buffers: ReadonlyMap<string, Held[]>
  /** A suspect is held alone. */
  readonly #suspects: Credit = { most: 1, used: 0 }
  #standing: Standing | undefined
  /** Consumers are coming or going. */
  #changing: Promise<void> = Promise.resolve()
  #cancelLook: () => void = () => {}
  #asking = false
  #askedAt: Millis
  #foundAt: Millis = Number.NEGATIVE_INFINITY
  #arrivedAt: Millis = 0
  // Receivers that live for a few messages only must serve the low ones, too.
  #taken = randomInt(bottomEvery)
  /** What the channel's prefetch stands at, for the next consumer. */
  #qos = 1

  constructor(options: IntakeOptions, settling: (sync: () => Promise<unknown>) => Settling) {
    this.#options = options
    this.#buffers = new Map(options.names.all.map((name) => [name, []]))
    this.#askedAt = options.clock.monotonic()
    this.#settling = settling(() => options.channel.prefetch(this.#qos))
  }

  get settling(): Settling {
    return this.#settling
  }

  /** Up to `room` that are there now. @param waiting whoever asks will wait if there is nothing */
  async next(room: number, waiting: boolean, signal: AbortSignal): Promise<readonly Held[]> {
    await this.#changing
    const buffered = this.#take(room)
    if (buffered.length > 0) return buffered
    const hurry = this.#options.clock.monotonic() - this.#foundAt < hurryMs
    if (this.#standing) {
      if (this.#isSpent(this.#standing, room)) await this.#change(() => this.#stand(room))
      return this.#take(room)
    }
    if (!(waiting && hurry && room > fetchedAtOnce)) {
      const fetched = await this.#fetch(room, signal)
      if (fetched.length > 0 || !waiting || signal.aborted) return fetched
    }
    await this.#change(() => this.#stand(room))
    return this.#take(room)
  }

  /** How long to wait for an arrival before looking again. */
  get patienceMs(): Millis {
    return this.#standing?.credits.some(({ most, used }) => used >= most) ? lookMs : Number.POSITIVE_INFINITY
  }

  /** Somebody asks, until told that he does not. */
  asks(asking: boolean): void {
    this.#asking = asking
    this.#askedAt = this.#options.clock.monotonic()
  }

  /** Ends the consumers; what they had sent goes back. */
  async stop(): Promise<void> {
    await this.#changing.catch(() => {})
    await this.#change(() => this.#leave())
  }

  /** The channel is gone, and all with it. */
  abandon(): void {
    this.#cancelLook()
    this.#standing = undefined
    for (const buffer of this.#buffers.values()) buffer.length = 0
  }

  #take(room: number): readonly Held[] {
    const taken: Held[] = []
    while (taken.length < room) {
      const name = this.#order().find((one) => (this.#buffers.get(one)?.length ?? 0) > 0)
      const held = name === undefined ? undefined : this.#buffers.get(name)?.shift()
      if (!held) break
      this.#taken++
      taken.push(held)
    }
    if (taken.length > 0) this.#foundAt = this.#options.clock.monotonic()
    return taken
  }

  /** The queues, the next to serve first. */
  #order(): readonly string[] {
    const { all } = this.#options.names
    return this.#taken % bottomEvery === bottomEvery - 1 ? all.toReversed() : all
  }

  /** Asks the queues in order, until all are empty or enough has come. */
  async #fetch(room: number, signal: AbortSignal): Promise<readonly Held[]> {
    const found: Held[] = []
    const empty = new Set<string>()
    const { channel, names } = this.#options
    while (found.length < Math.min(room, fetchedAtOnce) && !signal.aborted) {
      if (this.#suspects.used > 0 && names.suspects) empty.add(names.suspects)
      const name = this.#order().find((one) => !empty.has(one))
      if (name === undefined) break
      const message = await channel.get(name)
      if (!message) {
        empty.add(name)
        continue
      }
      const held = this.#arrive(message, name, undefined)
      if (!held) continue
      this.#taken++
      found.push(held)
    }
    if (found.length > 0) this.#foundAt = this.#options.clock.monotonic()
    return found
  }

  /** Consumers have sent all they may, and more is wanted. */
  #isSpent({ credits, at }: Standing, room: number): boolean {
    const free = Math.min(...credits.map(({ most, used }) => most - used))
    if (free >= room / 2) return false
    const most = Math.max(...credits.map((credit) => credit.most))
    const wanted = this.#wanted(room)
    if (wanted >= 1.5 * most) return true
    const now = this.#options.clock.monotonic()
    return free <= 0 && wanted > 0 && now - Math.max(at, this.#arrivedAt) >= lookMs
  }

  /** What a new consumer may be sent: what is asked for and what is held, which comes free again. */
  #wanted(room: number): number {
    const { deliveries, prefetch } = this.#options
    return Math.min(mostCredit, deliveries.out + room, prefetch - deliveries.out)
  }

  /** Replaces the consumers. Never under an old name: RabbitMQ 3.10 ends the connection for that. */
  async #stand(room: number): Promise<void> {
    await this.#cancel()
    const { channel, names, clock } = this.#options
    const most = Math.max(1, this.#wanted(room))
    const standing: Standing = { tags: [], credits: [], at: clock.monotonic() }
    this.#standing = standing
    const replies: Promise<unknown>[] = []
    const consume = (name: string, credit: Credit) => {
      this.#qos = credit.most
      replies.push(channel.prefetch(credit.most))
      replies.push(
        channel
          .consume(name, (message) => this.#onMessage(message, name, credit), {
            arguments: this.#options.consumerArguments,
          })
          .then(({ consumerTag }) => standing.tags.push(consumerTag)),
      )
    }
    if (names.suspects) consume(names.suspects, this.#suspects)
    for (const name of names.all) {
      if (name === names.suspects) continue
      const credit: Credit = { most, used: 0 }
      standing.credits.push(credit)
      consume(name, credit)
    }
    await Promise.all(replies)
    this.#planLook()
  }

  async #cancel(): Promise<void> {
    const standing = this.#standing
    this.#standing = undefined
    this.#cancelLook()
    // What is on its way comes before the answers.
    await Promise.all((standing?.tags ?? []).map((tag) => this.#options.channel.cancel(tag)))
  }

  async #leave(): Promise<void> {
    await this.#cancel()
    const left = [...this.#buffers.values()].flatMap((buffer) => buffer.splice(0))
    await this.#settling.giveBack(left)
  }

  #onMessage(message: Message | null, name: string, credit: Credit): void {
    if (!message) {
      this.#options.onCancelled(new UnreachableError(`the server ended the consumer of '${name}'`))
      return
    }
    const held = this.#arrive(message, name, credit)
    if (!held) return
    this.#buffers.get(name)?.push(held)
    this.#options.onArrival()
  }

  /** Takes it on the books. Undefined when it goes to wait apart. */
  #arrive(
    { content, properties, fields }: Message,
    queue: string,
    credit: Credit | undefined,
  ): Held | undefined {
    const { deliveries, names, clock } = this.#options
    const { message, before, since } = unpackMessage(content, properties)
    // Dead letters are given back in place, which the server counts like a lost lease.
    const lost = names.suspects === undefined ? before : before + since
    const apart = queue === names.suspects
    const held: Held = {
      tag: fields.deliveryTag,
      message,
      lost,
      queue,
      consumer: apart ? this.#suspects : credit,
      owner: deliveries,
      out: false,
      settled: false,
    }
    deliveries.add(held)
    this.#arrivedAt = clock.monotonic()
    if (apart || lost < suspectAfter || names.suspects === undefined) return held
    void this.#setApart(held, names.suspects)
    return undefined
  }

  async #setApart(held: Held, suspects: string): Promise<void> {
    const moved = await this.#settling.move(held, suspects)
    if (moved || held.settled) return
    // It cannot be moved now; somebody has to run it all the same.
    this.#buffers.get(held.queue)?.push(held)
    this.#options.onArrival()
  }

  #planLook(): void {
    this.#cancelLook = this.#options.clock.setTimer(lookMs, () => this.#look(), { background: true })
  }

  #look(): void {
    const idle = !this.#asking && this.#options.clock.monotonic() - this.#askedAt >= idleMs
    if (idle) void this.#change(() => this.#leave()).catch(() => {})
    else this.#planLook()
  }

  #change(act: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(act)
    this.#changing = changed.catch(() => {})
    return changed
  }
}
