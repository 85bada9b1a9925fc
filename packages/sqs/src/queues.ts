import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs'
import { deadQueueOf } from '@tq/core/driver'
import type { Band } from './bands.ts'
import { classify } from './classify.ts'
import type { Connection } from './connection.ts'
import { MissingQueueError, QueueSettingsError } from './errors.ts'
import { type Place, sqsName } from './names.ts'

/** Four times what SQS keeps messages by default, and the most there is. */
const retentionSeconds = 14 * 86_400
/** For consumers other than ours: every receive of ours names its own. */
const visibilitySeconds = 30
const deadEnding = deadQueueOf('')

/** One queue of SQS. */
export interface BandQueue {
  readonly band: Band
  readonly name: string
  readonly url: string
}

/** The queues of SQS that stand for ours: found, checked or created, and remembered. */
export class Queues {
  readonly bands: readonly Band[]
  readonly #connection: Connection
  readonly #place: Place
  readonly #known = new Map<string, Promise<BandQueue>>()

  constructor(connection: Connection, place: Place, bands: readonly Band[]) {
    this.#connection = connection
    this.#place = place
    this.bands = bands
  }

  /** Any queue's name, to see whether SQS answers. */
  get probe(): string {
    return sqsName(this.#place, 'probe', 'all')
  }

  /** The queue of one band; created where that is allowed. */
  async find(queue: string, at: number): Promise<BandQueue> {
    this.#connection.check()
    const band = this.bands[at]
    if (!band) throw new RangeError(`no band ${at}`)
    const name = sqsName(this.#place, queue, band.name)
    let known = this.#known.get(name)
    if (!known) {
      known = this.#findOrCreate(queue, name).then((url) => ({ band, name, url }))
      this.#known.set(name, known)
      known.catch(() => this.#known.delete(name))
    }
    return await known
  }

  async all(queue: string): Promise<readonly BandQueue[]> {
    return await Promise.all(this.bands.map((_, at) => this.find(queue, at)))
  }

  /** It was there, and is not any more. */
  forget(queue: string): void {
    for (const { name } of this.bands.map((band) => ({ name: sqsName(this.#place, queue, band.name) }))) {
      this.#known.delete(name)
    }
  }

  /** Creates or checks all bands. */
  async declare(queue: string): Promise<void> {
    this.forget(queue)
    const queues = await this.all(queue)
    await Promise.all(queues.map((one) => this.#check(one)))
  }

  async #check({ url, name }: BandQueue): Promise<void> {
    const need = this.#connection.options.maxMessageBytes
    const size = await this.#attribute(url, 'MaximumMessageSize')
    if (size === undefined || Number(size) >= need) return
    throw new QueueSettingsError(
      `the SQS queue '${name}' takes messages of ${size} bytes: set its MaximumMessageSize to ${need}, or say ?maxMessageBytes=${size}`,
    )
  }

  async #findOrCreate(queue: string, name: string): Promise<string> {
    const found = await this.#lookUp(name)
    if (found !== undefined) return found
    if (!this.#connection.options.createQueues) throw new MissingQueueError(queue, name)
    return await this.#create(queue, name)
  }

  async #lookUp(name: string): Promise<string | undefined> {
    try {
      const { QueueUrl } = await this.#connection.askPatiently((client) =>
        client.send(new GetQueueUrlCommand({ QueueName: name })),
      )
      return QueueUrl
    } catch (error) {
      if (classify(error) === 'queue-missing') return undefined
      throw error
    }
  }

  async #create(queue: string, name: string): Promise<string> {
    const { fifo, maxMessageBytes, maxReceiveCount } = this.#connection.options
    const attributes: Partial<Record<QueueAttributeName, string>> = {
      MessageRetentionPeriod: String(retentionSeconds),
      VisibilityTimeout: String(visibilitySeconds),
      MaximumMessageSize: String(maxMessageBytes),
      ...(fifo
        ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
        : {}),
      ...(queue.endsWith(deadEnding) ? {} : { RedrivePolicy: await this.#redrive(queue, maxReceiveCount) }),
    }
    const { QueueUrl = '' } = await this.#connection.askPatiently((client) =>
      client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes })),
    )
    return QueueUrl
  }

  /** A net under our own dead letters, in the same queue. */
  async #redrive(queue: string, maxReceiveCount: number): Promise<string> {
    const usual = this.bands.findIndex(({ from }) => from <= 4)
    const dead = await this.find(deadQueueOf(queue), usual)
    const deadLetterTargetArn = await this.#attribute(dead.url, 'QueueArn')
    return JSON.stringify({ deadLetterTargetArn, maxReceiveCount })
  }

  /** Undefined also when we may not ask. */
  async #attribute(url: string, name: QueueAttributeName): Promise<string | undefined> {
    try {
      const { Attributes } = await this.#connection.askPatiently((client) =>
        client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [name] })),
      )
      return Attributes?.[name]
    } catch (error) {
      if (classify(error) === 'permission') return undefined
      throw error
    }
  }
}
