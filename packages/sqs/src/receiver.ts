import {
  type Delivery,
  type KeeperSpec,
  type Lease,
  type Millis,
  type Receiver,
  type Settlement,
  sleep,
} from '@tq/core/driver'
import { BandPolls } from './band-polls.ts'
import { maxLeaseMs } from './capabilities.ts'
import { classify } from './classify.ts'
import type { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import { GroupTurns } from './group-turns.ts'
import { keeperSpec } from './keeper-spec.ts'
import { sharedNow } from './lease-table.ts'
import { type Held, Leases, toLease } from './leases.ts'
import { unpackMessage } from './message-codec.ts'
import { Pace } from './pace.ts'
import type { Polled } from './poll.ts'
import { Polling } from './polling.ts'
import type { BandQueue } from './queues.ts'
import { leaseEnd, type Renewal } from './renewing.ts'
import { Settling } from './settling.ts'
import { Stock } from './stock.ts'
import { Wait } from './wait.ts'

/** What nobody asks for within this goes back: others may have room for it. */
const unwantedMs: Millis = 500
/** A service that fails for longer than a wait and this is reported. */
const patienceMs: Millis = 3_000

/** What a receiver is opened with. */
export interface ReceiverOptions {
  readonly leaseMs: Millis
  readonly prefetch: number
}

/** One consumer of one queue: its polls, what they brought, and what was handed out. */
export class SqsReceiver implements Receiver {
  readonly keeper?: KeeperSpec
  readonly #connection: Connection
  readonly #prefetch: number
  readonly #seconds: number
  readonly #leases: Leases
  readonly #settling: Settling
  readonly #bands: readonly BandPolls[]
  readonly #polling: Polling
  readonly #stock: Stock
  readonly #pace: Pace
  readonly #wait: Wait
  /** Where the order matters. */
  readonly #turns: GroupTurns | undefined
  readonly #onEnded: () => void
  readonly #givingBack = new Set<Promise<void>>()
  #receiving: Promise<unknown> | undefined
  #cancelUnwanted = () => {}
  #closed = false
  #closing: Promise<void> | undefined
  #ended: Promise<void> | undefined

  /**
   * @param queues the highest band first
   * @param onEnded called when nothing of it is under way any more
   */
  constructor(
    connection: Connection,
    queues: readonly BandQueue[],
    options: ReceiverOptions,
    onEnded: () => void,
  ) {
    this.#onEnded = onEnded
    this.#connection = connection
    this.#prefetch = options.prefetch
    this.#seconds = Math.ceil(options.leaseMs / 1_000)
    this.#turns = connection.options.fifo ? new GroupTurns() : undefined
    this.#leases = new Leases(options.prefetch, this.#turns && ((held) => this.#turnOver(held)))
    this.#stock = new Stock(queues.length)
    this.#pace = new Pace(connection.clock)
    this.#wait = new Wait(connection.clock)
    const urls = queues.map(({ url }) => url)
    const renewal: Renewal = {
      table: this.#leases.table,
      urls,
      seconds: this.#seconds,
      send: (call) => connection.ask(call),
    }
    this.#settling = new Settling(connection, this.#leases, renewal, this.#pace, this.#wait.wake)
    const host = {
      arrived: (band: number, polled: Polled) => this.#arrived(band, polled),
      ended: this.#wait.wake,
    }
    this.#bands = urls.map((url, band) => new BandPolls(connection, url, band, this.#seconds, host))
    this.#polling = new Polling(connection, this.#bands)
    const keeper = keeperSpec(connection.options.connection, this.#leases.table, urls, this.#seconds)
    if (keeper) this.keeper = keeper
  }

  async receive(options: {
    readonly max: number
    readonly waitMs: Millis
    readonly signal: AbortSignal
  }): Promise<readonly Delivery[]> {
    this.#check()
    this.#cancelUnwanted()
    const receiving = this.#receive(options.max, options.waitMs, options.signal)
    this.#receiving = receiving
    try {
      return await receiving
    } finally {
      this.#receiving = undefined
      this.#planUnwanted()
    }
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    return await this.#settling.ack(leases)
  }

  async nack(
    leases: readonly Lease[],
    { delayMs }: { readonly delayMs: Millis },
  ): Promise<readonly Settlement[]> {
    this.#check()
    return await this.#settling.nack(leases, delayMs)
  }

  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    this.#check()
    return await this.#settling.extend(leases)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Resolves when the last poll has ended and what it brought is given back. */
  async ended(): Promise<void> {
    await this.close()
    await this.#ended
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#cancelUnwanted()
    this.#wait.wake()
    await this.#receiving?.catch(() => {})
    this.#giveBackStock()
    // Polls under way are not waited for, and never cancelled: one that is may take messages along.
    this.#ended = Promise.all(this.#bands.map((band) => band.quiet()))
      .then(() => this.#givenBack())
      .then(this.#onEnded)
    await this.#givenBack()
  }

  async #receive(max: number, waitMs: Millis, signal: AbortSignal): Promise<readonly Delivery[]> {
    const { clock } = this.#connection
    const until = clock.monotonic() + waitMs
    signal.addEventListener('abort', this.#wait.wake)
    try {
      for (;;) {
        const taken = this.#take(max)
        if (taken.length > 0) return taken
        if (signal.aborted || this.#closed) return []
        const room = this.#room()
        const leftMs = until - clock.monotonic()
        this.#settling.wantRoom(room <= 0)
        if (room <= 0) {
          if (leftMs <= 0) return []
          await this.#wait.next(Math.min(leftMs, this.#nextEndMs()))
          continue
        }
        const { lookInMs, emptyInMs } = this.#polling.plan(max + this.#pace.ahead, room, waitMs > 0)
        this.#tellFailure(leftMs)
        if (leftMs <= 0 && emptyInMs <= 0) return []
        await this.#wait.next(Math.max(1, Math.min(lookInMs, leftMs > 0 ? leftMs : Math.max(emptyInMs, 1))))
      }
    } finally {
      signal.removeEventListener('abort', this.#wait.wake)
      this.#settling.wantRoom(false)
    }
  }

  #take(max: number): readonly Delivery[] {
    const turns = this.#turns
    const next = turns ? this.#stock.choose(max, (held) => turns.take(held)) : this.#stock.take(max)
    const taken = next.filter((held) => !this.#leases.isOver(held))
    if (taken.length === 0) return []
    this.#pace.handedOut(taken.length)
    // The next ones are under way before they are asked for.
    const wanted = max - taken.length + this.#pace.ahead - this.#stock.count
    this.#polling.more(Math.min(wanted, this.#room()))
    return taken.map((held) => this.#deliver(held))
  }

  #deliver(held: Held): Delivery {
    return {
      message: held.message,
      lease: toLease(held),
      deliveryCount: this.#connection.options.fifo ? undefined : held.lost + 1,
      ...(held.sentAt === undefined ? {} : { sentAt: held.sentAt }),
    }
  }

  /** Trouble that waiting does not mend is told at once, other trouble when it outlasts the wait. */
  #tellFailure(leftMs: Millis): void {
    for (const { failing } of this.#bands) {
      if (!failing) continue
      const code = classify(failing.error)
      const passing = code === 'connection' || code === 'blocked'
      if (!passing || (leftMs <= 0 && failing.forMs > patienceMs)) throw failing.error
    }
  }

  #arrived(band: number, { messages, since }: Polled): void {
    // From the clock of this thread to the one that all threads share.
    const from = sharedNow() - (this.#connection.clock.monotonic() - since)
    for (const received of messages) {
      const { message, lost, sentAt, group } = unpackMessage(received)
      const held = this.#leases.add(
        {
          message,
          handle: received.ReceiptHandle ?? '',
          band,
          lost,
          group,
          sentAt,
          endsAt: leaseEnd(from, this.#seconds),
        },
        from + maxLeaseMs,
      )
      this.#stock.add(held)
    }
    if (this.#closed) this.#giveBackStock()
    else if (this.#receiving === undefined) this.#planUnwanted()
  }

  /** One that is not done comes again: those after it must not go before. */
  #turnOver(held: Held): void {
    if (!this.#turns?.end(held) || held.done) return
    this.#giveBack(this.#stock.choose(Number.POSITIVE_INFINITY, ({ group }) => group === held.group))
  }

  #room(): number {
    if (this.#leases.count >= this.#prefetch) this.#leases.prune()
    return this.#prefetch - this.#leases.count
  }

  #nextEndMs(): Millis {
    return Math.max(1, this.#leases.prune() - sharedNow())
  }

  #planUnwanted(): void {
    this.#cancelUnwanted()
    if (this.#stock.count === 0 || this.#closed) return
    const ms = Math.min(unwantedMs, (this.#seconds * 1_000) / 4)
    this.#cancelUnwanted = this.#connection.clock.setTimer(ms, () => {
      if (this.#receiving === undefined) this.#giveBackStock()
    })
  }

  #giveBackStock(): void {
    this.#giveBack(this.#stock.all())
  }

  /** What cannot be given back comes back by itself, when its lease ends. */
  #giveBack(all: readonly Held[]): void {
    const held = all.filter((one) => !this.#leases.isOver(one))
    if (held.length === 0) return
    const giving = this.#untilGivenBack(held).finally(() => this.#givingBack.delete(giving))
    this.#givingBack.add(giving)
  }

  /** Nobody else knows of them: what SQS refuses for now is tried again, for a while. */
  async #untilGivenBack(held: readonly Held[]): Promise<void> {
    const { clock } = this.#connection
    const until = clock.monotonic() + patienceMs
    let open = held
    for (let round = 1; ; round++) {
      const settlements = await this.#settling.nack(open.map(toLease), 0).catch(() => undefined)
      if (settlements) open = open.filter((_, index) => settlements[index] === 'unknown')
      if (open.length === 0 || clock.monotonic() >= until) return
      await sleep(clock, 50 * 2 ** round * (0.5 + Math.random() / 2))
    }
  }

  async #givenBack(): Promise<void> {
    while (this.#givingBack.size > 0) await Promise.all(this.#givingBack)
  }

  #check(): void {
    if (this.#closed) throw new ClosedError()
  }
}
