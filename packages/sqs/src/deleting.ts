import { type BatchResultErrorEntry, DeleteMessageBatchCommand } from '@aws-sdk/client-sqs'
import type { Millis, Settlement } from '@tq/core/driver'
import { batchSize } from './capabilities.ts'
import type { Connection } from './connection.ts'
import type { Held } from './leases.ts'
import type { Pace } from './pace.ts'

/** A delete waits so long for others to go with it, at the most. */
const longestWaitMs: Millis = 100
/** It does not wait when fewer than this come within that time. */
const worthWaitingFor = 3

interface Waiting {
  readonly held: Held
  resolve(settlement: Settlement): void
  reject(error: unknown): void
}

/** Deletes of one band, in calls as full as the pace of the worker allows. */
export class Deleting {
  readonly #connection: Connection
  readonly #url: string
  readonly #pace: Pace
  #waiting: Waiting[] = []
  #cancel: (() => void) | undefined

  constructor(connection: Connection, url: string, pace: Pace) {
    this.#connection = connection
    this.#url = url
    this.#pace = pace
  }

  /** @param patient it may wait a moment for others. */
  async delete(held: Held, patient: boolean): Promise<Settlement> {
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ held, resolve, reject })
      if (this.#waiting.length >= batchSize) this.#flush()
      else if (!patient) this.#plan(0)
      else if (this.#cancel === undefined) this.#plan(this.#waitMs)
    })
  }

  /** What waits for others goes now. */
  hurry(): void {
    if (this.#cancel !== undefined) this.#flush()
  }

  /** In how long a call is full at the pace of late; 0 when it would not be worth it. */
  get #waitMs(): Millis {
    const expected = this.#pace.perMs * longestWaitMs
    return expected < worthWaitingFor ? 0 : Math.min(longestWaitMs, batchSize / this.#pace.perMs)
  }

  #plan(ms: Millis): void {
    this.#cancel?.()
    if (ms > 0) {
      this.#cancel = this.#connection.clock.setTimer(ms, () => this.#flush())
      return
    }
    // At the end of this turn: what is deleted in it goes together.
    const immediate = setImmediate(() => this.#flush())
    this.#cancel = () => clearImmediate(immediate)
  }

  #flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const batch = this.#waiting.splice(0, batchSize)
    if (batch.length > 0) void this.#send(batch)
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const { clock } = this.#connection
    const startedAt = clock.monotonic()
    try {
      const { Failed = [] } = await this.#connection.ask((client) =>
        client.send(
          new DeleteMessageBatchCommand({
            QueueUrl: this.#url,
            Entries: batch.map(({ held }, at) => ({ Id: String(at), ReceiptHandle: held.handle })),
          }),
        ),
      )
      this.#connection.answered(clock.monotonic() - startedAt)
      const failures = new Map(Failed.map((one) => [Number(one.Id), one]))
      for (const [at, { resolve }] of batch.entries()) resolve(settlementOf(failures.get(at)))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

/** What is not there any more for the sender's fault had been lost; what failed for SQS's is not known. */
export function settlementOf(failure: BatchResultErrorEntry | undefined): Settlement {
  if (failure === undefined) return 'ok'
  const { SenderFault = false, Code = '' } = failure
  return SenderFault && !/Throttl|Internal|Unavailable/i.test(Code) ? 'lost' : 'unknown'
}
