import { randomInt } from 'node:crypto'
import type { Delivery, Millis } from '@tq/core/driver'
import { Arguments } from './arguments.ts'
import type { Connection, WrittenCall } from './connection.ts'
import type { QueueKeys } from './keys.ts'
import { type Life, newLife, toLease } from './leases.ts'
import { type StoredMessage, unpackMessage } from './message-codec.ts'
import { extend } from './scripts/extend.ts'
import { lease } from './scripts/lease.ts'
import { reclaim } from './scripts/reclaim.ts'

/** One lease in so many starts from the bottom. */
const bottomEvery = 16

/** Lua hands over a limited number of values at once. */
const mostAtOnce = 1_000

const verdicts: ReadonlyMap<number, NonNullable<Delivery['verdict']>> = new Map([
  [0x79, 'run'],
  [0x74, 'terminal'],
  [0x72, 'revoked'],
])

/** What one attempt to lease brought. */
export interface Leased {
  readonly deliveries: readonly Delivery[]
  /** When to try again, unless something happens before. */
  readonly nextMs: Millis
}

type Answer = readonly [status: Buffer, expired: readonly Buffer[], nextMs: number, said: Buffer, ...Buffer[]]

/** A call that leases, and what to make of its answer. */
export interface LeaseCall {
  readonly call: WrittenCall
  read(answer: unknown): Promise<Leased>
}

/**
 * How one receiver comes to its deliveries. Owns the receiver's current life, and starts a new one when it finds
 * that the last one was ended.
 */
export class Leasing {
  readonly leaseMs: Millis
  readonly #connection: Connection
  readonly #keys: QueueKeys
  readonly #prefetch: number
  #life = newLife()
  // Receivers that live for a few leases only must serve the low ones, too.
  #taken = randomInt(bottomEvery)

  constructor(
    connection: Connection,
    keys: QueueKeys,
    options: { readonly leaseMs: Millis; readonly prefetch: number },
  ) {
    this.#connection = connection
    this.#keys = keys
    this.leaseMs = Math.ceil(options.leaseMs)
    this.#prefetch = options.prefetch
  }

  get life(): Life {
    return this.#life
  }

  heldKey(life: Life): string {
    return this.#keys.heldPrefix + life.id
  }

  /** Makes the receiver known, so that its keeper finds something to keep. */
  async begin(): Promise<void> {
    await this.#attempt(0)
  }

  /** Renews what it holds; false when that was given to others. */
  async renew(): Promise<boolean> {
    const life = this.#life
    const kept = await this.#connection.run(extend, [this.#keys.leases], [life.id, this.leaseMs])
    if (kept === 0) this.end(life)
    return kept === 1
  }

  /** What it held is lost. */
  end(life: Life): void {
    life.ended = true
    if (this.#life === life) this.#life = newLife()
  }

  async lease(max: number): Promise<Leased> {
    const life = this.#life
    const room = Math.min(max, this.#prefetch - life.held, mostAtOnce)
    if (room > 0) return await this.#attempt(room)
    // Full, unless all of it was given to others: what is lost is not held.
    const known = await this.#connection.client.zscore(this.#keys.leases, life.id)
    if (known !== null) return { deliveries: [], nextMs: this.leaseMs }
    this.end(life)
    return { deliveries: [], nextMs: 0 }
  }

  /** A lease of one message that can be called behind a wait; undefined while there is no room. */
  behind(): LeaseCall | undefined {
    return this.#life.held < this.#prefetch ? this.#call(1, true) : undefined
  }

  async #attempt(room: number): Promise<Leased> {
    const { call, read } = this.#call(room)
    return await read(await this.#connection.runWritten(lease, call))
  }

  #call(room: number, behind = false): LeaseCall {
    const life = this.#life
    const first = life.next
    const { open, ended } = this.#connection.keys.recordPrefixes
    const bottom = Math.floor((this.#taken + room) / bottomEvery) - Math.floor(this.#taken / bottomEvery)
    const values = new Arguments(1_024)
    const key = this.heldKey(life)
    values.text(key)
    values.written(this.#keys.writtenLeasing)
    const keys = values.count
    values.text(life.id)
    for (const number of [this.leaseMs, room - bottom, bottom, first, life.held]) values.number(number)
    for (const prefix of this.#connection.isCluster ? ['', ''] : [open, ended]) values.text(prefix)
    values.text(behind ? 'b' : '')
    return {
      call: { key, keys, values },
      read: (answer) => this.#read(life, first, answer as Answer),
    }
  }

  async #read(life: Life, first: number, answer: Answer): Promise<Leased> {
    const [status, expired, nextMs, said] = answer
    const dead = expired.map(String).filter((id) => id !== life.id)
    if (status[0] === 0x67) {
      // 'gone'
      this.end(life)
      await this.#reclaim(dead)
      return { deliveries: [], nextMs: 0 }
    }
    if (answer.length === 4) {
      const back = await this.#reclaim(dead)
      return { deliveries: [], nextMs: back > 0 ? 0 : nextMs < 0 ? Number.POSITIVE_INFINITY : nextMs }
    }
    if (dead.length > 0) this.#reclaim(dead).catch(() => {})
    // Another call had the same numbers, and its answer was here before: these are handed out.
    if (life !== this.#life || first !== life.next) return { deliveries: [], nextMs: 0 }
    const deliveries: Delivery[] = []
    for (let value = 4; value < answer.length; value++) {
      const stored = answer[value] as Buffer
      for (let at = 0; at < stored.length; ) {
        const one = unpackMessage(stored, at)
        const index = deliveries.length
        deliveries.push(this.#delivery(one, said[index], life, first + index))
        at = one.end
      }
    }
    const count = deliveries.length
    life.next += count
    life.held += count
    this.#taken += count
    return { deliveries, nextMs: 0 }
  }

  async #reclaim(receivers: readonly string[]): Promise<number> {
    const { heldPrefix, leases, wake, ready } = this.#keys
    let back = 0
    for (const id of receivers) {
      back += (await this.#connection.run(reclaim, [heldPrefix + id, leases, wake, ...ready], [id])) as number
    }
    return back
  }

  #delivery(
    { message, lost }: StoredMessage,
    said: number | undefined,
    life: Life,
    number: number,
  ): Delivery {
    const lease = toLease({ life, number, owner: this, asked: 0, settled: false, index: 0 })
    const verdict = said === undefined ? undefined : verdicts.get(said)
    if (verdict === undefined) return { message, lease, deliveryCount: lost + 1 }
    return { message, lease, deliveryCount: lost + 1, verdict }
  }
}
