import { randomUUID } from 'node:crypto'
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { Broker, Delivery, OutboundMessage, Receiver } from '@tq/core/driver'
import { systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'
import { sqsUrl } from './services/test-sqs.ts'

/** What a test of the driver does with a service. Instances share a namespace. */
export class Service {
  readonly endpoint: string
  readonly namespace = `t${randomUUID().slice(0, 8)}`
  readonly #open: Broker[] = []

  constructor(endpoint: string) {
    this.endpoint = endpoint
  }

  /** A broker, open. */
  async broker(options = ''): Promise<Broker> {
    const broker = adapter.createBroker?.(sqsUrl(this.endpoint, options), {
      namespace: this.namespace,
      clock: systemClock,
    })
    if (!broker) throw new Error('the adapter makes no broker')
    this.#open.push(broker)
    await broker.open()
    return broker
  }

  /** The SDK's own client, for what the driver does not do. */
  client(): SQSClient {
    return new SQSClient({
      endpoint: this.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
  }

  async url(name: string): Promise<string> {
    const { QueueUrl = '' } = await this.client().send(new GetQueueUrlCommand({ QueueName: name }))
    return QueueUrl
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((broker) => broker.close()))
  }
}

export function message(parts: Partial<OutboundMessage> = {}): OutboundMessage {
  const id = parts.id ?? randomUUID()
  return { id, body: Buffer.from(id), headers: {}, ...parts }
}

export function messages(count: number): readonly OutboundMessage[] {
  return Array.from({ length: count }, () => message())
}

/** So many deliveries, by as many calls as it takes; fewer when they do not come in time. */
export async function take(receiver: Receiver, count: number, waitMs = 5_000): Promise<readonly Delivery[]> {
  const taken: Delivery[] = []
  const until = performance.now() + waitMs
  while (taken.length < count && performance.now() < until) {
    const signal = new AbortController().signal
    taken.push(...(await receiver.receive({ max: count - taken.length, waitMs: 1_000, signal })))
  }
  return taken
}

export const idsOf = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(({ message: { id } }) => id).sort()
