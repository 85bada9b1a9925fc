import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs'
import type { Millis, QueueAdmin, QueueCounts } from '@tq/core/driver'
import { sleep } from '@tq/core/driver'
import { batchSize } from './capabilities.ts'
import type { Connection } from './connection.ts'
import type { BandQueue } from './queues.ts'

/** Purging works with so many calls at a time per band. */
const parallel = 8
/** While a message is purged it is hidden for so long. */
const purgeSeconds = 30
/** What is delayed for longer than this stays. */
const delayedMs: Millis = 20_000
const pauseMs: Millis = 500

/** Looks at queues and empties them. */
export class SqsAdmin implements QueueAdmin {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async counts(queue: string): Promise<QueueCounts> {
    const queues = await this.#connection.queues.all(queue)
    const counts = await Promise.all(queues.map((one) => this.#count(one)))
    return {
      ready: counts.reduce((sum, { ready }) => sum + ready, 0),
      leased: counts.reduce((sum, { leased }) => sum + leased, 0),
      delayed: counts.reduce((sum, { delayed }) => sum + delayed, 0),
    }
  }

  /**
   * Receives and deletes. SQS's own purge would take what is running along, and what is accepted within the next minute.
   */
  async purge(queue: string): Promise<number> {
    const queues = await this.#connection.queues.all(queue)
    const gone = await Promise.all(queues.map((one) => this.#purgeBand(one)))
    return gone.reduce((sum, count) => sum + count, 0)
  }

  async #count({ url }: BandQueue): Promise<Record<keyof QueueCounts, number>> {
    const { Attributes = {} } = await this.#connection.askPatiently((client) =>
      client.send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      ),
    )
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      leased: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    }
  }

  /** Delayed ones can be had only when they are due: it waits a while for them. */
  async #purgeBand(band: BandQueue): Promise<number> {
    const { clock } = this.#connection
    const until = clock.monotonic() + delayedMs
    let gone = 0
    for (;;) {
      const lines = await Promise.all(Array.from({ length: parallel }, () => this.#takeAll(band)))
      gone += lines.reduce((sum, count) => sum + count, 0)
      const { ready, delayed } = await this.#count(band)
      if (ready + delayed === 0 || clock.monotonic() >= until) return gone
      await sleep(clock, pauseMs)
    }
  }

  async #takeAll({ url }: BandQueue): Promise<number> {
    for (let gone = 0; ; ) {
      const { Messages = [] } = await this.#connection.askPatiently((client) =>
        client.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            MaxNumberOfMessages: batchSize,
            VisibilityTimeout: purgeSeconds,
            // A wait makes it ask all of SQS's servers.
            WaitTimeSeconds: 1,
          }),
        ),
      )
      if (Messages.length === 0) return gone
      const { Successful = [] } = await this.#connection.askPatiently((client) =>
        client.send(
          new DeleteMessageBatchCommand({
            QueueUrl: url,
            Entries: Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle })),
          }),
        ),
      )
      gone += Successful.length
    }
  }
}
