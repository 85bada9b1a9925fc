import type { CommitItem, Delivery, KeeperSpec, Lease, Millis, Receiver, Settlement } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import { keeperSpec } from './keeper-spec.ts'
import { forgetReceiver, keepReceiver, type Life, newLife } from './leases.ts'
import { Leasing } from './leasing.ts'
import { lookAt } from './messages.ts'
import type { Names } from './names.ts'
import { Settling } from './settling.ts'
import { Wait } from './wait.ts'

/** After a try that brought nothing, although something seemed to be there: others are at it, too. */
const pauseMs: Millis = 20

/** What a receiver is opened with. */
export interface ReceiverOptions {
  readonly leaseMs: Millis
  readonly prefetch: number
}

/**
 * One consumer of one queue. It holds one lease for all its deliveries; whoever finds that lease ended takes all of
 * them. It buffers nothing: what it leases it hands out.
 */
export class SqliteReceiver implements Receiver {
  readonly keeper?: KeeperSpec
  readonly #connection: Connection
  readonly #queue: number
  readonly #leasing: Leasing
  readonly #settling: Settling
  readonly #closed = new AbortController()
  readonly #wait: Wait
  #receiving: Promise<unknown> = Promise.resolve()

  private constructor(
    connection: Connection,
    names: Names,
    queue: number,
    options: ReceiverOptions,
    life: Life,
  ) {
    this.#connection = connection
    this.#queue = queue
    this.#wait = new Wait(connection.clock)
    this.#leasing = new Leasing(names.namespace, queue, options, life)
    this.#settling = new Settling(connection, names, this.#leasing, this.#wait.wake)
    const keeper = keeperSpec(connection, life.id, options.leaseMs)
    if (keeper) this.keeper = keeper
  }

  static async open(
    connection: Connection,
    names: Names,
    queueName: string,
    options: ReceiverOptions,
  ): Promise<SqliteReceiver> {
    const life = newLife()
    const queue = await connection.write(false, (transaction) => {
      const number = names.queue(transaction, queueName)
      keepReceiver(transaction, life.id, number, options.leaseMs)
      return number
    })
    return new SqliteReceiver(connection, names, queue, options, life)
  }

  async receive(options: {
    readonly max: number
    readonly waitMs: Millis
    readonly signal: AbortSignal
  }): Promise<readonly Delivery[]> {
    this.#check()
    const receiving = this.#receive(options.max, options.waitMs, options.signal)
    this.#receiving = receiving.catch(() => {})
    return await receiving
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

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    this.#check()
    return await this.#settling.commit(items)
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort()
    this.#wait.wake()
    // What it leases at this moment is still handed out.
    await this.#receiving
    const { life } = this.#leasing
    if (life.held > 0) return
    await this.#connection.write(false, (transaction) => {
      transaction.run(forgetReceiver, life.id, this.#queue)
    })
  }

  async #receive(max: number, waitMs: Millis, signal: AbortSignal): Promise<readonly Delivery[]> {
    const { clock, wakeups } = this.#connection
    const until = clock.monotonic() + waitMs
    const ended = () => signal.aborted || this.#closed.signal.aborted
    // From here on nothing that comes is missed, be it before the first look or after it.
    const leave = wakeups.onQueue(this.#queue, this.#wait.wake)
    signal.addEventListener('abort', this.#wait.wake)
    try {
      while (!ended()) {
        let inMs = await this.#nextIn()
        if (inMs <= 0) {
          const deliveries = await this.#lease(max)
          if (deliveries.length > 0) return deliveries
          inMs = pauseMs
        }
        const leftMs = until - clock.monotonic()
        if (leftMs <= 0 || ended()) break
        await this.#wait.next(Math.min(leftMs, inMs))
      }
      return []
    } finally {
      leave()
      signal.removeEventListener('abort', this.#wait.wake)
    }
  }

  /** When to try to lease, unless something happens before: at once, when a time comes, or never. */
  async #nextIn(): Promise<Millis> {
    // As long as messages keep coming there are probably more: no need to look first.
    if (this.#leasing.likelyMore) return 0
    if (this.#leasing.isFull) return this.#leasing.leaseMs
    const { ready, at } = await this.#connection.read((database, now) => lookAt(database, now, this.#queue))
    if (ready) return 0
    return at === null ? Number.POSITIVE_INFINITY : at - this.#connection.time.now()
  }

  async #lease(max: number): Promise<readonly Delivery[]> {
    return await this.#connection.write(false, (transaction) =>
      // A close while this waited for its turn: nobody would be there to take them.
      this.#closed.signal.aborted ? [] : this.#leasing.lease(transaction, max),
    )
  }

  #check(): void {
    if (this.#closed.signal.aborted) throw new ClosedError()
  }
}
