import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs'
import type { Lease, Millis, Settlement } from '@tq/core/driver'
import { inBatches } from './batching.ts'
import { maxDelayMs } from './capabilities.ts'
import type { Connection } from './connection.ts'
import { Deleting, settlementOf } from './deleting.ts'
import { LimitError } from './errors.ts'
import type { Slot } from './lease-table.ts'
import { fromLease, type Held, type Leases } from './leases.ts'
import { packMessage } from './message-codec.ts'
import type { Pace } from './pace.ts'
import { sendEntries } from './publishing.ts'
import { isFresh, type Renewal, renew } from './renewing.ts'

type Answers = ReadonlyMap<Held, Settlement>

/**
 * How one receiver settles its deliveries. What is over by our own clock is lost, and SQS is not asked: it could not
 * tell whose the message is now.
 */
export class Settling {
  readonly #connection: Connection
  readonly #leases: Leases
  readonly #renewal: Renewal
  readonly #onRoom: () => void
  readonly #deleting: readonly Deleting[]
  #roomIsWanted = false

  /** @param onRoom called when less is held than before */
  constructor(connection: Connection, leases: Leases, renewal: Renewal, pace: Pace, onRoom: () => void) {
    this.#connection = connection
    this.#leases = leases
    this.#renewal = renewal
    this.#onRoom = onRoom
    this.#deleting = renewal.urls.map((url) => new Deleting(connection, url, pace))
  }

  async ack(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    // Where the order matters, the next one of the group waits for it.
    const patient = !this.#roomIsWanted && !this.#connection.options.fifo
    return await this.#settle(leases, async (held) => {
      const answers = await this.#delete(held, patient)
      for (const [one, settlement] of answers) one.done = settlement === 'ok'
      return answers
    })
  }

  async nack(leases: readonly Lease[], delayMs: Millis): Promise<readonly Settlement[]> {
    if (delayMs > maxDelayMs)
      throw new LimitError(`a delay of ${delayMs} ms is longer than SQS's ${maxDelayMs} ms`)
    return await this.#settle(leases, (held) => this.giveBack(held, delayMs))
  }

  async extend(leases: readonly Lease[]): Promise<readonly Settlement[]> {
    const { seconds } = this.#renewal
    const slots = new Map(
      this.#own(leases)
        .map((held) => [held, this.#leases.slotOf(held)] as const)
        .filter((entry): entry is [Held, Slot] => entry[1] !== undefined && !isFresh(entry[1], seconds)),
    )
    if (slots.size > 0) await renew(this.#renewal, [...slots.values()])
    const answers = leases.map((lease): Settlement => {
      if (!this.#holds(lease)) return 'lost'
      const held = fromLease(lease)
      // SQS could not renew it for now: it goes on as it was.
      return this.#leases.endOf(held) > (slots.get(held)?.endsAt ?? 0) ? 'ok' : 'unknown'
    })
    this.#onRoom()
    return answers
  }

  /** Somebody waits for the room that finished ones take: no delete waits for others to go with it then. */
  wantRoom(wanted: boolean): void {
    this.#roomIsWanted = wanted
    if (wanted) for (const band of this.#deleting) band.hurry()
  }

  /** Where the order matters in their place; elsewhere as a copy, so that it is not counted as a lost lease. */
  async giveBack(held: readonly Held[], delayMs: Millis): Promise<Answers> {
    if (this.#connection.options.fifo) return await this.#show(held, delayMs)
    await this.#copy(
      held.filter(({ copied }) => !copied),
      delayMs,
    )
    return await this.#delete(
      held.filter(({ copied }) => copied),
      false,
    )
  }

  async #settle(
    leases: readonly Lease[],
    ask: (held: readonly Held[]) => Promise<Answers>,
  ): Promise<readonly Settlement[]> {
    const held = this.#own(leases)
    if (held.length === 0) return leases.map(() => 'lost')
    for (const one of held) this.#leases.asked(one)
    let answers: Answers = new Map()
    try {
      answers = await ask(held)
    } finally {
      for (const one of held) {
        if ((answers.get(one) ?? 'unknown') === 'unknown') this.#leases.kept(one)
        else this.#leases.forget(one)
      }
      this.#onRoom()
    }
    // The same lease twice in one call: the second finds nothing.
    const open = new Set(held)
    return leases.map((lease) => {
      const one = fromLease(lease)
      if (!open.delete(one)) return 'lost'
      return answers.get(one) ?? 'unknown'
    })
  }

  async #copy(held: readonly Held[], delayMs: Millis): Promise<void> {
    const packed = held.map((one) => {
      const group = one.group === undefined ? {} : { group: one.group }
      return { one, ...packMessage({ ...one.message, ...group, delayMs }, one.lost, false) }
    })
    await this.#perBand(
      packed,
      ({ one }) => one.band,
      async (url, batch) => {
        const outcomes = await sendEntries(
          this.#connection,
          url,
          batch.map(({ entry }) => entry),
        )
        for (const [at, { one }] of batch.entries()) one.copied = outcomes[at] === 'accepted'
      },
      ({ bytes }) => bytes,
    )
  }

  /** Rejects when nothing is known of any. */
  async #delete(held: readonly Held[], patient: boolean): Promise<Answers> {
    const asked = held.map((one) => this.#deleting[one.band]?.delete(one, patient))
    const results = await Promise.allSettled(asked)
    const [first] = results
    if (first?.status === 'rejected' && results.every(({ status }) => status === 'rejected'))
      throw first.reason
    return new Map(
      held.map((one, at) => {
        const result = results[at]
        return [one, (result?.status === 'fulfilled' ? result.value : undefined) ?? 'unknown'] as const
      }),
    )
  }

  async #show(held: readonly Held[], delayMs: Millis): Promise<Answers> {
    const answers = new Map<Held, Settlement>()
    await this.#perBand(
      held,
      ({ band }) => band,
      async (url, batch) => {
        const { Failed = [] } = await this.#connection.ask((client) =>
          client.send(
            new ChangeMessageVisibilityBatchCommand({
              QueueUrl: url,
              Entries: batch.map(({ handle }, at) => ({
                Id: String(at),
                ReceiptHandle: handle,
                VisibilityTimeout: Math.ceil(delayMs / 1_000),
              })),
            }),
          ),
        )
        const failures = new Map(Failed.map((one) => [Number(one.Id), one]))
        for (const [at, one] of batch.entries()) answers.set(one, settlementOf(failures.get(at)))
      },
    )
    return answers
  }

  /** Rejects when every call failed as a whole. */
  async #perBand<T>(
    items: readonly T[],
    bandOf: (item: T) => number,
    call: (url: string, batch: readonly T[]) => Promise<void>,
    bytesOf?: (item: T) => number,
  ): Promise<void> {
    const calls = this.#renewal.urls.flatMap((url, band) =>
      inBatches(
        items.filter((item) => bandOf(item) === band),
        bytesOf,
      ).map((batch) => call(url, batch)),
    )
    const results = await Promise.allSettled(calls)
    const [first] = results
    if (first?.status === 'rejected' && results.every(({ status }) => status === 'rejected'))
      throw first.reason
  }

  /** Those that still give a right here, each once. */
  #own(leases: readonly Lease[]): readonly Held[] {
    return [...new Set(leases.filter((lease) => this.#holds(lease)).map(fromLease))]
  }

  #holds(lease: Lease): boolean {
    const held = fromLease(lease)
    return held.owner === this.#leases && !this.#leases.isOver(held)
  }
}
