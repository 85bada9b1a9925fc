import type { CommitItem, Lease, Millis, Settlement } from '@tq/core/driver'
import { commitCall } from './commit-call.ts'
import type { Connection } from './connection.ts'
import type { QueueKeys } from './keys.ts'
import { fromLease, type HeldLease } from './leases.ts'
import type { Leasing } from './leasing.ts'
import { refusal } from './message-codec.ts'
import { checkDetail } from './record-codec.ts'
import { ack } from './scripts/ack.ts'
import { commit } from './scripts/commit.ts'
import { nack } from './scripts/nack.ts'

const settlements: ReadonlyMap<number, Settlement> = new Map([
  [0x31, 'ok'],
  [0x30, 'lost'],
  [0x73, 'stale'],
])

/**
 * How one receiver settles its deliveries. A script names the receiver's life and the delivery, so one whose lease
 * was taken away finds nothing to change.
 */
export class Settling {
  readonly #connection: Connection
  readonly #keys: QueueKeys
  readonly #leasing: Leasing
  readonly #onRoom: () => void
  #calls = 0

  /** @param onRoom called when less is held than before */
  constructor(connection: Connection, keys: QueueKeys, leasing: Leasing, onRoom: () => void) {
    this.#connection = connection
    this.#keys = keys
    this.#leasing = leasing
    this.#onRoom = onRoom
  }

  ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    return this.#settle(leases, (held, heldKey) =>
      this.#connection.run(
        ack,
        [heldKey],
        held.map(({ number }) => number),
      ),
    )
  }

  nack(leases: readonly Lease[], delayMs: Millis): Promise<readonly Settlement[]> {
    return this.#settle(leases, (held, heldKey) =>
      this.#connection.run(
        nack,
        [heldKey, ...this.#keys.publishing],
        [Math.ceil(delayMs), ...held.map(({ number }) => number)],
      ),
    )
  }

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    for (const { record, publish = [] } of items) {
      if (record) checkDetail(record)
      for (const { message } of publish) {
        const refused = refusal(message)
        if (refused) throw refused
      }
    }
    this.#noteRecords(items)
    const leases = items.map(({ lease }) => lease)
    return await this.#settle(leases, async (held, heldKey, careful) => {
      const { order, call } = commitCall(this.#connection.keys, heldKey, items, held, careful)
      const answer = (await this.#connection.runWritten(commit, call)) as Buffer
      const inOrder = new Uint8Array(answer.length)
      for (let place = 0; place < order.length; place++) inOrder[order[place] as number] = answer[place] ?? 0
      return inOrder
    })
  }

  #noteRecords(items: readonly CommitItem[]): void {
    const { index } = this.#connection
    index.records(items.map(({ record }) => record))
    for (const { publish } of items) if (publish) index.records(publish.map(({ message }) => message.record))
  }

  /** One entry is the lease of all: it is there, and all is kept, or it is not, and all is lost. */
  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    const { life } = this.#leasing
    const open = leases.map((lease) => this.#own(lease)).some((own) => own && own.life === life)
    const kept = open && (await this.#leasing.renew())
    return leases.map((lease) => {
      const own = this.#own(lease)
      return kept && own && own.life === life ? 'ok' : 'lost'
    })
  }

  async #settle(
    leases: readonly Lease[],
    ask: (held: readonly HeldLease[], heldKey: string, careful: boolean) => Promise<unknown>,
  ): Promise<readonly Settlement[]> {
    const answers = new Array<Settlement>(leases.length).fill('lost')
    const { life } = this.#leasing
    const call = ++this.#calls
    const held: HeldLease[] = []
    let careful = false
    for (let index = 0; index < leases.length; index++) {
      const own = this.#own(leases[index] as Lease)
      // Named twice: once is enough.
      if (!own || own.asked === call) continue
      if (own.asked > 0) careful = true
      own.asked = call
      own.index = index
      held.push(own)
    }
    if (held.length === 0) return answers
    const indexes = held.map(({ index }) => index)
    const answer = (await ask(held, this.#leasing.heldKey(life), careful)) as Uint8Array
    for (let place = 0; place < held.length; place++) {
      const lease = held[place] as HeldLease
      answers[indexes[place] as number] = settlements.get(answer[place] ?? 0) ?? 'unknown'
      if (lease.settled) continue
      lease.settled = true
      lease.life.held--
    }
    this.#onRoom()
    return answers
  }

  /** Undefined when it gives no right here any more. */
  #own(lease: Lease): HeldLease | undefined {
    const own = fromLease(lease)
    return own.owner === this.#leasing && !own.settled && own.life === this.#leasing.life ? own : undefined
  }
}
