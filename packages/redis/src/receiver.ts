import {
  type CommitItem,
  type Delivery,
  type KeeperSpec,
  type Lease,
  type Millis,
  type Receiver,
  type Settlement,
  sleep,
} from '@tq/core/driver'
import { classify } from './classify.ts'
import type { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import { keeperSpec } from './keeper-spec.ts'
import type { QueueKeys } from './keys.ts'
import { Leasing } from './leasing.ts'
import { lease as leaseScript } from './scripts/lease.ts'
import { leave } from './scripts/leave.ts'
import { Settling } from './settling.ts'
import { Wait } from './wait.ts'
import { type Behind, WakeUp } from './wakeup.ts'

/** Between two attempts while the server is away. */
const awayMs: Millis = 50

type ReceiveOptions = Parameters<Receiver['receive']>[0]

/** What a receiver is opened with. */
export interface ReceiverOptions {
  readonly leaseMs: Millis
  readonly prefetch: number
}

/**
 * One consumer of one queue. It holds one lease for all its deliveries; whoever finds that lease ended takes all of
 * them. It buffers nothing: what it leases it hands out.
 */
export class RedisReceiver implements Receiver {
  readonly keeper?: KeeperSpec
  /** Not on a Cluster, where records lie elsewhere. */
  readonly commit?: (items: readonly CommitItem[]) => Promise<readonly Settlement[]>
  readonly #connection: Connection
  readonly #keys: QueueKeys
  readonly #leasing: Leasing
  readonly #settling: Settling
  readonly #wait: Wait
  readonly #wakeUp: WakeUp
  readonly #closed = new AbortController()
  /** Leased for the call under way without being asked. */
  readonly #arrived: Delivery[] = []
  #receiving: Promise<unknown> | undefined

  private constructor(connection: Connection, keys: QueueKeys, options: ReceiverOptions) {
    this.#connection = connection
    this.#keys = keys
    this.#wait = new Wait(connection.clock)
    this.#leasing = new Leasing(connection, keys, options)
    this.#settling = new Settling(connection, keys, this.#leasing, this.#wait.wake)
    this.#wakeUp = new WakeUp(connection, keys.wake, () => {
      if (!this.#receiving || this.#closed.signal.aborted) return false
      this.#wait.wake()
      return true
    })
    const keeper = keeperSpec(connection, keys, this.#leasing)
    if (keeper) this.keeper = keeper
    if (!connection.isCluster) this.commit = (items) => this.#commit(items)
  }

  static async open(
    connection: Connection,
    keys: QueueKeys,
    options: ReceiverOptions,
  ): Promise<RedisReceiver> {
    const receiver = new RedisReceiver(connection, keys, options)
    await receiver.#leasing.begin()
    return receiver
  }

  async receive(options: ReceiveOptions): Promise<readonly Delivery[]> {
    this.#check()
    const receiving = this.#receive(options)
    this.#receiving = receiving
    try {
      return await receiving
    } finally {
      this.#receiving = undefined
      void this.#giveBack(this.#arrived.splice(0))
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

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort()
    this.#wakeUp.close()
    this.#wait.wake()
    // What it leases at this moment is still handed out.
    await this.#receiving?.catch(() => {})
    const { life } = this.#leasing
    const { leases, wake, ready } = this.#keys
    const keys = [this.#leasing.heldKey(life), leases, wake, ...ready]
    await this.#connection.run(leave, keys, [life.id, life.next]).catch(() => {})
  }

  async #commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    this.#check()
    return await this.#settling.commit(items)
  }

  async #receive({ max, waitMs, signal, idle = false }: ReceiveOptions): Promise<readonly Delivery[]> {
    const { clock } = this.#connection
    const until = clock.monotonic() + waitMs
    const ended = () => signal.aborted || this.#closed.signal.aborted
    signal.addEventListener('abort', this.#wait.wake)
    try {
      while (!ended()) {
        const { deliveries, nextMs } = await this.#tryLease(max, until)
        if (deliveries.length > 0) return deliveries
        const leftMs = until - clock.monotonic()
        if (leftMs <= 0 || ended()) break
        const armedMs = this.#wakeUp.arm(idle ? this.#behind() : undefined)
        await this.#wait.next(Math.max(1, Math.min(leftMs, nextMs, armedMs)))
        if (this.#arrived.length > 0) return this.#arrived.splice(0)
      }
      return []
    } finally {
      signal.removeEventListener('abort', this.#wait.wake)
    }
  }

  /** A first message comes without being asked for once more: that is a third of the way from sending to starting. */
  #behind(): Behind | undefined {
    const lease = this.#leasing.behind()
    return (
      lease && {
        call: (client) => this.#connection.runBehind(client, leaseScript, lease.call),
        answered: async (answer) => {
          const { deliveries } = await lease.read(answer)
          if (this.#receiving && !this.#closed.signal.aborted) {
            this.#arrived.push(...deliveries)
            this.#wait.wake()
          } else void this.#giveBack(deliveries)
          return deliveries.length > 0
        },
      }
    )
  }

  /** Nobody waits for them any more. Until that is done: kept with the receiver's lease, they would stay here for good. */
  async #giveBack(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return
    const leases = deliveries.map(({ lease }) => lease)
    const tryOnce = () =>
      this.#settling.nack(leases, 0).then(
        () => true,
        () => false,
      )
    while (!(await tryOnce()) && !this.#closed.signal.aborted) await sleep(this.#connection.clock, awayMs)
  }

  /** While the server is away it is asked again until the wait is over; what is held stays held meanwhile. */
  async #tryLease(
    max: number,
    until: number,
  ): Promise<{ readonly deliveries: readonly Delivery[]; readonly nextMs: Millis }> {
    try {
      return await this.#leasing.lease(max)
    } catch (error) {
      if (this.#closed.signal.aborted) return { deliveries: [], nextMs: 0 }
      const over = this.#connection.clock.monotonic() + awayMs >= until
      if (over || classify(error) !== 'connection') throw error
      return { deliveries: [], nextMs: awayMs }
    }
  }

  #check(): void {
    if (this.#closed.signal.aborted) throw new ClosedError()
  }
}
