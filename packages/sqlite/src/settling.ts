import type { CommitItem, Lease, Millis, Settlement } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import { fromLease, type HeldLease, held, type Life, renewReceiver } from './leases.ts'
import type { Leasing } from './leasing.ts'
import { addMessage, dueAt, refusal } from './messages.ts'
import type { Names } from './names.ts'
import { checkRecord, putRecord } from './records.ts'
import type { Transaction } from './transaction.ts'
import { wholeMs } from './wall-time.ts'

const remove = `DELETE FROM tq_messages WHERE ${held}`
const giveBack = `UPDATE tq_messages SET receiver = NULL, delivery = NULL, due = ? WHERE ${held}`

/**
 * How one receiver settles its deliveries. A statement names message, receiver and delivery, so one whose lease
 * was taken away finds nothing to change.
 */
export class Settling {
  readonly #connection: Connection
  readonly #names: Names
  readonly #leasing: Leasing
  readonly #onRoom: () => void

  /** @param onRoom called when less is held than before */
  constructor(connection: Connection, names: Names, leasing: Leasing, onRoom: () => void) {
    this.#connection = connection
    this.#names = names
    this.#leasing = leasing
    this.#onRoom = onRoom
  }

  ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    return this.#settle(leases, true, (transaction, { seq, life, delivery }) =>
      transaction.run(remove, seq, life.id, delivery) === 1 ? 'ok' : 'lost',
    )
  }

  nack(leases: readonly Lease[], delayMs: Millis): Promise<readonly Settlement[]> {
    // After a power cut it is still leased, by a process that is gone: it comes back as well.
    return this.#settle(leases, false, (transaction, { seq, life, delivery }) => {
      const due = dueAt(transaction.now, delayMs)
      if (transaction.run(giveBack, due, seq, life.id, delivery) !== 1) return 'lost'
      transaction.touchQueue(this.#leasing.queue)
      return 'ok'
    })
  }

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    for (const { record, publish = [] } of items) {
      if (record) checkRecord(record)
      for (const { message } of publish) {
        const refused = refusal(message)
        if (refused) throw refused
      }
    }
    const leases = items.map(({ lease }) => lease)
    return await this.#settle(leases, true, (transaction, { seq, life, delivery }, index) => {
      if (transaction.run(remove, seq, life.id, delivery) !== 1) return 'lost'
      const { record, publish } = items[index] as CommitItem
      if (record && !putRecord(transaction, this.#names.namespace, record)) return 'stale'
      if (publish) {
        for (const { queue, message } of publish) addMessage(transaction, this.#names, queue, message)
      }
      return 'ok'
    })
  }

  /** One row is the lease of all: it is there, and all is kept, or it is not, and all is lost. */
  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    if (leases.length === 0) return []
    const lease = wholeMs(this.#leasing.leaseMs)
    return await this.#connection.write(false, (transaction) => {
      const kept = new Map<Life, boolean>()
      const settlements = leases.map((one): Settlement => {
        const { life, settled } = this.#own(one)
        if (settled) return 'lost'
        const deadline = transaction.now + lease + 1
        const known = kept.get(life) ?? transaction.run(renewReceiver, deadline, life.id) === 1
        kept.set(life, known)
        return known ? 'ok' : 'lost'
      })
      transaction.afterCommit(() => this.#forget(leases, settlements, 'lost'))
      return settlements
    })
  }

  async #settle(
    leases: readonly Lease[],
    durable: boolean,
    act: (transaction: Transaction, lease: HeldLease, index: number) => Settlement,
  ): Promise<readonly Settlement[]> {
    if (leases.length === 0) return []
    return await this.#connection.write(durable, (transaction) => {
      const settlements = leases.map((lease, index): Settlement => {
        const own = this.#own(lease)
        return own.settled ? 'lost' : act(transaction, own, index)
      })
      transaction.afterCommit(() => this.#forget(leases, settlements))
      return settlements
    })
  }

  /** What got a final answer is no longer held. */
  #forget(leases: readonly Lease[], settlements: readonly Settlement[], only?: Settlement): void {
    let more = false
    for (const [index, lease] of leases.entries()) {
      const own = this.#own(lease)
      if (own.settled || (only !== undefined && settlements[index] !== only)) continue
      own.settled = true
      own.life.held--
      more = true
    }
    if (more) this.#onRoom()
  }

  /** A lease of another receiver gives no right here. */
  #own(lease: Lease): HeldLease {
    const own = fromLease(lease)
    return own.owner === this.#leasing ? own : foreign
  }
}

const foreign: HeldLease = { seq: 0, life: { id: 0, held: 0 }, delivery: 0, owner: undefined, settled: true }
