import type { Faults } from './faults.ts'
import { type Attributes, md5, Queue, SqsFailure, type Stored } from './queue.ts'

/** A request's or an answer's JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what a client sends may be anything.
type Json = any

const bodyCharacters = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u
const groupCharacters = /^[\x21-\x7e]{1,128}$/
const queueName = /^[\w-]{1,80}$|^[\w-]{1,75}\.fifo$/
const mostBytes = 1_048_576
const defaults = {
  VisibilityTimeout: '30',
  DelaySeconds: '0',
  MaximumMessageSize: String(mostBytes),
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
}

/** The calls of SQS that matter to us, as AWS documents them; anything else is refused. */
export class Actions {
  readonly #queues = new Map<string, Queue>()
  readonly #faults: () => Faults
  readonly #random: () => number
  readonly #base: () => string

  constructor(faults: () => Faults, random: () => number, base: () => string) {
    this.#faults = faults
    this.#random = random
    this.#base = base
  }

  async run(action: string, body: Json, gone: AbortSignal): Promise<Json> {
    if (action === 'CreateQueue') return this.#create(body)
    if (action === 'GetQueueUrl') return { QueueUrl: this.#url(this.#named(body.QueueName)) }
    const queue = this.#named(
      String(body.QueueUrl ?? '')
        .split('/')
        .at(-1) ?? '',
    )
    if (action === 'GetQueueAttributes')
      return { Attributes: this.#attributes(queue, body.AttributeNames ?? []) }
    if (action === 'SetQueueAttributes') return Object.assign(queue.settings, body.Attributes) && {}
    if (action === 'PurgeQueue') return queue.purge() ?? {}
    if (action === 'DeleteQueue') return this.#queues.delete(queue.name) && {}
    if (action === 'ReceiveMessage') return await this.#receive(queue, body, gone)
    if (action === 'SendMessage') return this.#send(queue, body)
    if (action === 'SendMessageBatch') return this.#sendBatch(queue, body.Entries)
    if (action === 'DeleteMessage') return this.#delete(queue, body) && {}
    if (action === 'DeleteMessageBatch')
      return this.#batch(body.Entries, (entry) => this.#delete(queue, entry))
    if (action === 'ChangeMessageVisibilityBatch') {
      return this.#batch(body.Entries, (entry) => {
        const seconds = inRange('VisibilityTimeout', entry.VisibilityTimeout, 0, 43_200)
        queue.changeVisibility(entry.ReceiptHandle, seconds * 1_000)
        return {}
      })
    }
    throw new SqsFailure('UnsupportedOperation', action)
  }

  #create({ QueueName: name, Attributes: given = {} }: Json): Json {
    if (!queueName.test(name))
      throw new SqsFailure(
        'InvalidParameterValue',
        `Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length: ${name}`,
      )
    if (name.endsWith('.fifo') !== (given.FifoQueue === 'true'))
      throw new SqsFailure('InvalidParameterValue', 'The name of a FIFO queue must end with the .fifo suffix')
    const known = this.#queues.get(name)
    if (known) {
      const other = Object.keys(given).find((key) => known.settings[key] !== given[key])
      if (other)
        throw new SqsFailure('QueueNameExists', `A queue already exists with a different value for ${other}`)
      return { QueueUrl: this.#url(known) }
    }
    const queue: Queue = new Queue(name, { ...defaults, ...given }, this.#faults, this.#random, () =>
      this.#deadLettersOf(queue),
    )
    this.#queues.set(name, queue)
    return { QueueUrl: this.#url(queue) }
  }

  #deadLettersOf(queue: Queue): { readonly queue: Queue; readonly maxReceives: number } | undefined {
    const policy = queue.settings['RedrivePolicy']
    if (!policy) return undefined
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Json
    const target = this.#queues.get(String(deadLetterTargetArn).split(':').at(-1) ?? '')
    return target && { queue: target, maxReceives: Number(maxReceiveCount) }
  }

  #attributes(queue: Queue, names: readonly string[]): Json {
    const { ready, inFlight, delayed } = queue.counts
    const all: Record<string, string> = {
      ...queue.settings,
      QueueArn: `arn:aws:sqs:eu-central-1:000000000000:${queue.name}`,
      ApproximateNumberOfMessages: String(ready),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
    }
    if (names.includes('All')) return all
    return Object.fromEntries(names.filter((name) => name in all).map((name) => [name, all[name]]))
  }

  async #receive(queue: Queue, body: Json, gone: AbortSignal): Promise<Json> {
    const max = inRange('MaxNumberOfMessages', body.MaxNumberOfMessages ?? 1, 1, 10)
    const wait = inRange(
      'WaitTimeSeconds',
      body.WaitTimeSeconds ?? queue.settings['ReceiveMessageWaitTimeSeconds'],
      0,
      20,
    )
    const visibility = inRange(
      'VisibilityTimeout',
      body.VisibilityTimeout ?? queue.settings['VisibilityTimeout'],
      0,
      43_200,
    )
    const found = await queue.receive(max, visibility * 1_000, wait * 1_000, gone)
    if (found.length === 0) return {}
    const system = new Set<string>([
      ...(body.MessageSystemAttributeNames ?? []),
      ...(body.AttributeNames ?? []),
    ])
    const named = new Set<string>(body.MessageAttributeNames ?? [])
    return { Messages: found.map((message) => shown(message, system, named)) }
  }

  #send(queue: Queue, entry: Json): Json {
    const {
      MessageBody: body = '',
      MessageAttributes: attributes = {},
      MessageGroupId: group,
      MessageDeduplicationId: dedupe,
    } = entry
    if (body === '')
      throw new SqsFailure('MissingParameter', 'The request must contain the parameter MessageBody.')
    if (!bodyCharacters.test(body)) throw new SqsFailure('InvalidMessageContents')
    checkAttributes(attributes)
    if (bytesOf(entry) > Number(queue.settings['MaximumMessageSize'])) {
      throw new SqsFailure(
        'InvalidParameterValue',
        `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings['MaximumMessageSize']} bytes.`,
      )
    }
    if (group !== undefined && !groupCharacters.test(group))
      throw new SqsFailure('InvalidParameterValue', 'MessageGroupId')
    if (queue.fifo && group === undefined)
      throw new SqsFailure('MissingParameter', 'The request must contain the parameter MessageGroupId.')
    if (queue.fifo && dedupe === undefined)
      throw new SqsFailure(
        'InvalidParameterValue',
        'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
      )
    if (queue.fifo && entry.DelaySeconds !== undefined)
      throw new SqsFailure(
        'InvalidParameterValue',
        `Value ${entry.DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
      )
    const delay = inRange('DelaySeconds', entry.DelaySeconds ?? queue.settings['DelaySeconds'], 0, 900)
    const id = queue.send(body, attributes, delay * 1_000, group, dedupe)
    return { MessageId: id, MD5OfMessageBody: md5(body) }
  }

  #sendBatch(queue: Queue, entries: readonly Json[] = []): Json {
    const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
    if (bytes > mostBytes)
      throw new SqsFailure(
        'BatchRequestTooLong',
        `Batch requests cannot be longer than ${mostBytes} bytes. You have sent ${bytes} bytes.`,
      )
    return this.#batch(entries, (entry) => this.#send(queue, entry))
  }

  #delete(queue: Queue, { ReceiptHandle: handle }: Json): Json {
    if (!queue.delete(handle)) throw new SqsFailure('ReceiptHandleIsInvalid')
    return {}
  }

  #batch(entries: readonly Json[] = [], act: (entry: Json) => Json): Json {
    if (entries.length === 0) throw new SqsFailure('EmptyBatchRequest')
    if (entries.length > 10) throw new SqsFailure('TooManyEntriesInBatchRequest')
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      throw new SqsFailure('BatchEntryIdsNotDistinct')
    const { failedEntries, partialBatches } = this.#faults()
    const unlucky = this.#random() < partialBatches ? Math.floor(this.#random() * entries.length) : -1
    const Successful: Json[] = []
    const Failed: Json[] = []
    for (const [at, entry] of entries.entries()) {
      try {
        if (at === unlucky || this.#random() < failedEntries)
          throw new SqsFailure('InternalError', 'InternalError', 500)
        Successful.push({ Id: entry.Id, ...act(entry) })
      } catch (error) {
        if (!(error instanceof SqsFailure)) throw error
        Failed.push({
          Id: entry.Id,
          Code: error.code,
          Message: error.message,
          SenderFault: error.status < 500,
        })
      }
    }
    return { Successful, Failed }
  }

  #named(name: string): Queue {
    const queue = this.#queues.get(name)
    if (!queue) throw new SqsFailure('QueueDoesNotExist', 'The specified queue does not exist.')
    return queue
  }

  #url(queue: Queue): string {
    return `${this.#base()}/000000000000/${queue.name}`
  }
}

function inRange(name: string, value: Json, from: number, to: number): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= from && number <= to) return number
  throw new SqsFailure(
    'InvalidParameterValue',
    `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${from} and ${to}, if provided.`,
  )
}

function bytesOf({ MessageBody: body = '', MessageAttributes: attributes = {} }: Json): number {
  let bytes = Buffer.byteLength(body)
  for (const [name, { DataType, StringValue = '' }] of Object.entries(attributes as Attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue)
  }
  return bytes
}

function checkAttributes(attributes: Attributes): void {
  const entries = Object.entries(attributes)
  if (entries.length > 10)
    throw new SqsFailure('InvalidParameterValue', 'Number of message attributes exceeds 10')
  for (const [name, { StringValue = '' }] of entries) {
    if (!/^(?!AWS\.|Amazon\.)[\w.-]{1,256}$/i.test(name)) throw new SqsFailure('InvalidParameterValue', name)
    if (!bodyCharacters.test(StringValue))
      throw new SqsFailure(
        'InvalidParameterValue',
        `The message attribute '${name}' must contain a non-empty value of allowed characters`,
      )
  }
}

function shown(message: Stored, system: ReadonlySet<string>, named: ReadonlySet<string>): Json {
  const all: Readonly<Record<string, string | undefined>> = {
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    MessageGroupId: message.group,
  }
  const wanted = Object.entries(all).filter(
    ([name, value]) => value !== undefined && (system.has(name) || system.has('All')),
  )
  const attributes = Object.entries(message.attributes).filter(
    ([name]) => named.has(name) || named.has('All'),
  )
  return {
    MessageId: message.id,
    ReceiptHandle: message.handle,
    Body: message.body,
    MD5OfBody: md5(message.body),
    ...(wanted.length > 0 ? { Attributes: Object.fromEntries(wanted) } : {}),
    ...(attributes.length > 0 ? { MessageAttributes: Object.fromEntries(attributes) } : {}),
  }
}
