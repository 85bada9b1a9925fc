import type { CommitItem, Lease, Millis, Settlement } from '@tq/core/driver'
import type { Argument, Connection } from './connection.ts'
import type { QueueKeys } from './keys.ts'
import { fromLease, type HeldLease } from './leases.ts'
import type { Leasing } from './leasing.ts'
import { packMessage, refusal } from './message-codec.ts'
import { packRecord, rememberedMs } from './record-codec.ts'
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
        held.map(({ lease }) => lease.number),
      ),
    )
  }

  nack(leases: readonly Lease[], delayMs: Millis): Promise<readonly Settlement[]> {
    return this.#settle(leases, (held, heldKey) =>
      this.#connection.run(
        nack,
        [heldKey, ...this.#keys.publishing],
        [Math.ceil(delayMs), ...held.map(({ lease }) => lease.number)],
      ),
    )
  }

  async commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    for (const { publish = [] } of items) {
      for (const { message } of publish) {
        const refused = refusal(message)
        if (refused) throw refused
      }
    }
    const leases = items.map(({ lease }) => lease)
    return await this.#settle(leases, (held, heldKey, careful) => {
      const { keys, args } = this.#commitCall(
        heldKey,
        held.map(({ lease, index }) => ({ ...(items[index] as CommitItem), number: lease.number })),
        careful,
      )
      return this.#connection.run(commit, keys, args)
    })
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

  #commitCall(
    heldKey: string,
    items: readonly (CommitItem & { readonly number: number })[],
    careful: boolean,
  ): { readonly keys: readonly string[]; readonly args: readonly Argument[] } {
    const { keys: names } = this.#connection
    const keys = [heldKey, names.watched]
    const queues = new Map<string, number>()
    const args: Argument[] = [0, 0, careful ? 'c' : items.length]
    for (const { number, record, publish = [] } of items) {
      args.push(number, record ? packRecord(record) : '', record ? rememberedMs(record) : 0, publish.length)
      if (record) keys.push(names.record(record.id))
      for (const { queue, message } of publish) {
        let at = queues.get(queue)
        if (at === undefined) {
          at = queues.size
          queues.set(queue, at)
        }
        const { delayMs = 0, record: child } = message
        args.push(at, packMessage(message), Math.ceil(delayMs), child ? packRecord(child) : '')
        args.push(child ? rememberedMs(child) : 0)
        if (child) keys.push(names.record(child.id))
      }
    }
    args[0] = keys.length
    args[1] = keys.length - 2
    if (!careful) for (const { number } of items) args.push(number)
    for (const queue of queues.keys()) keys.push(...names.queue(queue).publishing)
    return { keys, args }
  }

  async #settle(
    leases: readonly Lease[],
    ask: (
      held: readonly { readonly lease: HeldLease; readonly index: number }[],
      heldKey: string,
      careful: boolean,
    ) => Promise<unknown>,
  ): Promise<readonly Settlement[]> {
    const answers = leases.map((): Settlement => 'lost')
    const { life } = this.#leasing
    const seen = new Set<HeldLease>()
    const held: { lease: HeldLease; index: number }[] = []
    for (const [index, lease] of leases.entries()) {
      const own = this.#own(lease)
      if (!own || seen.has(own)) continue
      seen.add(own)
      held.push({ lease: own, index })
    }
    if (held.length === 0) return answers
    const careful = held.some(({ lease }) => lease.asked)
    for (const { lease } of held) lease.asked = true
    const answer = (await ask(held, this.#leasing.heldKey(life), careful)) as Buffer
    for (const [place, { lease, index }] of held.entries()) {
      answers[index] = settlements.get(answer[place] ?? 0) ?? 'unknown'
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
