import { setTimeout as pause } from 'node:timers/promises'
import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { Millis } from '@tq/core/driver'
import { inBatches } from './batching.ts'
import { type LeaseTable, type Slot, sharedNow } from './lease-table.ts'

/** How leases are renewed: the same on the event loop and in a keeper's thread. */
export interface Renewal {
  readonly table: LeaseTable
  /** By band. */
  readonly urls: readonly string[]
  readonly seconds: number
  send<T>(call: (client: SQSClient) => Promise<T>): Promise<T>
}

/** By our clock a lease ends this much earlier than SQS lets it end. */
function earlierMs(seconds: number): Millis {
  return Math.min(1_000, seconds * 100)
}

/** Of a lease: with more than this left it is not renewed yet. A third of it later it will be. */
const freshShare = 3 / 4

export function isFresh({ endsAt }: Slot, seconds: number): boolean {
  return endsAt - sharedNow() > freshShare * seconds * 1_000
}

/** A lease of so many seconds that is asked for now: when it ends by our clock. */
export function leaseEnd(from: Millis, seconds: number): Millis {
  return from + seconds * 1_000 - earlierMs(seconds)
}

/** Whether leases were found to be over. */
export type Renewed = 'ok' | 'lost'

/** A renewal that fails is tried again at once: the next round may be too late. */
const mostRounds = 4
const firstPauseMs: Millis = 60

/**
 * Renews leases; those that are over are marked so in the table. Rejects when it could not tell of some whether they
 * are, and none was found to be lost.
 */
export async function renew(renewal: Renewal, slots: readonly Slot[]): Promise<Renewed> {
  let lost = false
  let open = slots
  let error: unknown
  for (let round = 0; open.length > 0 && round < mostRounds; round++) {
    if (round > 0) await pause(firstPauseMs * 2 ** round * (0.5 + Math.random() / 2))
    const done = await renewOnce(renewal, open)
    lost ||= done.lost
    open = done.left
    error = done.error
  }
  if (error !== undefined && !lost) throw error
  return lost ? 'lost' : 'ok'
}

interface Round {
  readonly lost: boolean
  /** SQS failed to renew these. */
  readonly left: readonly Slot[]
  /** A call failed as a whole. */
  readonly error: unknown
}

async function renewOnce({ table, urls, seconds, send }: Renewal, slots: readonly Slot[]): Promise<Round> {
  let lost = false
  let error: unknown
  const left: Slot[] = []
  const end = (one: Slot) => {
    if (table.end(one)) lost = true
  }
  const now = sharedNow()
  const perBand = urls.map((): { readonly slot: Slot; readonly seconds: number }[] => [])
  for (const slot of slots) {
    // SQS adds nothing beyond the twelve hours: what is left is asked for, and then no more.
    const ask = Math.min(seconds, Math.floor((slot.mustEndAt - now) / 1_000))
    if (now >= slot.endsAt || ask < 1) end(slot)
    else perBand[slot.band]?.push({ slot, seconds: ask })
  }
  const renewBatch = async (url: string | undefined, batch: readonly { slot: Slot; seconds: number }[]) => {
    const from = sharedNow()
    const { Failed = [] } = await send((client) =>
      client.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: url,
          Entries: batch.map(({ slot, seconds: timeout }, at) => ({
            Id: String(at),
            ReceiptHandle: slot.handle,
            VisibilityTimeout: timeout,
          })),
        }),
      ),
    )
    const failed = new Map(Failed.map((one) => [Number(one.Id), one]))
    for (const [at, { slot, seconds: timeout }] of batch.entries()) {
      const failure = failed.get(at)
      if (!failure) table.renew(slot, leaseEnd(from, timeout))
      else if (isOver(failure)) end(slot)
      else left.push(slot)
    }
  }
  const calls = perBand.flatMap((together, band) =>
    inBatches(together).map((batch) =>
      renewBatch(urls[band], batch).catch((reason: unknown) => {
        error = reason
        left.push(...batch.map(({ slot }) => slot))
      }),
    ),
  )
  await Promise.all(calls)
  return { lost, left, error }
}

/** What SQS could not do for now is no answer: the lease goes on as it was. */
function isOver({ SenderFault, Code = '' }: BatchResultErrorEntry): boolean {
  return (SenderFault ?? false) && !/Throttl|Internal|Unavailable/i.test(Code)
}
