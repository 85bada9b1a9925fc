import type {
  DynamoDBClient,
  KeysAndAttributes,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
  WriteRequest,
} from '@aws-sdk/client-dynamodb'
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Clock, Millis } from '@tq/core/driver'
import type { Item } from './attributes.ts'
import { isConflict, isThrottled } from './classify.ts'
import { mostAtOnce, newClient } from './client.ts'
import { ClosedError } from './errors.ts'
import { Gate } from './gate.ts'
import { type Key, Keys } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import { inParallel, inParts } from './parallel.ts'
import { type Instant, type ServiceTime, serviceTime } from './service-time.ts'

/** DynamoDB's own limits. */
const mostGets = 100
const mostWrites = 25

/** Pauses before a throttled call is tried again: doubled each time, with jitter. */
const pauseMs: { readonly first: Millis; readonly most: Millis } = { first: 20, most: 1_000 }

/** How a change under a condition went: what it answered, or the item as it was where that is known. */
export type Attempted<Output> =
  | { readonly done: true; readonly output: Output }
  | { readonly done: false; readonly item: Item | undefined }

/** Of items that are not wanted whole. */
type Parts = Pick<KeysAndAttributes, 'ProjectionExpression' | 'ExpressionAttributeNames'>
type Write<Input> = Omit<Input, 'TableName' | 'Key'>
type Answering = { readonly response?: { readonly headers?: Readonly<Record<string, string>> } }

/** The client of one backend, its table and namespace. What DynamoDB refuses for now is tried again within `timeoutMs`. */
export class Connection {
  readonly keys: Keys
  readonly clock: Clock
  readonly time: ServiceTime
  readonly options: ResolvedOptions
  /** Whether the table has the index that records are listed by. */
  lists = false
  readonly #client: DynamoDBClient
  readonly #closing = new AbortController()
  readonly #gate: Gate
  #opened = false

  constructor(options: ResolvedOptions, namespace: string, clock: Clock) {
    this.options = options
    this.keys = new Keys(namespace)
    this.clock = clock
    this.time = serviceTime(options.service, clock)
    this.#client = newClient(options.connection)
    this.#gate = new Gate(clock, mostAtOnce)
  }

  /** From now on verbs work. */
  opened(): void {
    this.#opened = true
  }

  /** @throws ClosedError */
  check(): void {
    if (this.#closing.signal.aborted) throw new ClosedError()
    if (!this.#opened) throw new Error('call open() first')
  }

  now(): Instant {
    return this.time.now()
  }

  /** Idempotent. What is under way fails. */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#client.destroy()
  }

  /** Strongly consistent. */
  async get(key: Key): Promise<Item | undefined> {
    this.check()
    const { Item: item } = await this.send(
      () => new GetItemCommand({ ...this.#of(key), ConsistentRead: true }),
    )
    return item
  }

  /** Strongly consistent, by number in the list; those that are absent are missing. Each key at most once. */
  async getMany(keys: readonly Key[], parts: Parts = {}): Promise<readonly Item[]> {
    this.check()
    const found = await inParallel(inParts(keys, mostGets), 8, (part) => this.#getPart(part, parts))
    return found.flat()
  }

  async update(key: Key, write: Write<UpdateItemCommandInput>): Promise<UpdateItemCommandOutput> {
    this.check()
    return await this.send(() => new UpdateItemCommand({ ...this.#of(key), ...write }))
  }

  /** Undefined where its condition does not hold. */
  async decide(key: Key, write: Write<UpdateItemCommandInput>): Promise<UpdateItemCommandOutput | undefined> {
    try {
      return await this.update(key, write)
    } catch (error) {
      if (isConflict(error)) return undefined
      throw error
    }
  }

  async tryUpdate(
    key: Key,
    write: Write<UpdateItemCommandInput>,
  ): Promise<Attempted<UpdateItemCommandOutput>> {
    const told = { ...write, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
    return await this.#attempt(key, () => this.update(key, told))
  }

  async put(key: Key, attributes: Item, write: Omit<Write<PutItemCommandInput>, 'Item'> = {}): Promise<void> {
    this.check()
    const item = { ...key, ...attributes }
    await this.send(() => new PutItemCommand({ TableName: this.options.table, Item: item, ...write }))
  }

  /** False where its condition does not hold. */
  async tryPutOnly(
    key: Key,
    attributes: Item,
    write: Omit<Write<PutItemCommandInput>, 'Item'>,
  ): Promise<boolean> {
    try {
      await this.put(key, attributes, write)
      return true
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }

  async tryPut(
    key: Key,
    attributes: Item,
    write: Omit<Write<PutItemCommandInput>, 'Item'>,
  ): Promise<Attempted<void>> {
    const told = { ...write, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const
    return await this.#attempt(key, () => this.put(key, attributes, told))
  }

  /** Answers what was there. */
  async delete(key: Key, write: Write<DeleteItemCommandInput> = {}): Promise<Item | undefined> {
    this.check()
    const input = { ...this.#of(key), ReturnValues: 'ALL_OLD', ...write } as const
    return (await this.send(() => new DeleteItemCommand(input))).Attributes
  }

  /** Strongly consistent. One page. */
  async query(input: Omit<QueryCommandInput, 'TableName'>): Promise<QueryCommandOutput> {
    this.check()
    const asked = { TableName: this.options.table, ConsistentRead: true, ...input }
    return await this.send(() => new QueryCommand(asked))
  }

  /** Puts or deletes without a condition. Each key at most once. */
  async writeMany(requests: readonly WriteRequest[]): Promise<void> {
    this.check()
    await inParallel(inParts(requests, mostWrites), 8, (part) => this.#writePart(part))
  }

  /** At once, as many as the client takes. */
  async all<One, Result>(
    items: readonly One[],
    run: (item: One) => Promise<Result>,
  ): Promise<readonly Result[]> {
    this.check()
    return await inParallel(items, mostAtOnce, run)
  }

  /** A moment later, and a little later each time; false when the call has taken too long already. */
  async pause(attempt: number, startedAt: Millis): Promise<boolean> {
    const most = Math.min(pauseMs.most, pauseMs.first * 2 ** attempt)
    const pause = most * (0.25 + Math.random() * 0.75)
    if (this.clock.monotonic() - startedAt + pause > this.options.timeoutMs) return false
    await this.sleep(pause)
    return true
  }

  /** For changes that others were faster than. */
  async pauseOrFail(attempt: number, startedAt: Millis, name: string): Promise<void> {
    if (!(await this.pause(attempt, startedAt))) throw busy(`others kept changing '${name}'`)
  }

  /** Ends early at close. */
  async sleep(ms: Millis): Promise<void> {
    const { signal } = this.#closing
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.clock.setTimer(ms, end)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  /** Any command; learns the time from each answer. After `close` everything fails for that reason. */
  async send<Output>(make: () => Sendable<Output>): Promise<Output> {
    const { timeoutMs } = this.options
    const startedAt = this.clock.monotonic()
    for (let attempt = 0; ; attempt++) {
      if (!(await this.#gate.enter(timeoutMs))) throw silent()
      try {
        if (this.#closing.signal.aborted) throw new ClosedError()
        return await this.#sendOnce(make(), timeoutMs)
      } catch (error) {
        if (this.#closing.signal.aborted) throw new ClosedError()
        if (!isThrottled(error)) throw error
        if (!(await this.pause(attempt, startedAt))) throw error
      } finally {
        this.#gate.leave()
      }
    }
  }

  async #sendOnce<Output>(command: Sendable<Output>, timeoutMs: Millis): Promise<Output> {
    const learn = (next: (args: never) => Promise<Answering>) => async (args: never) => {
      const askedAt = this.clock.monotonic()
      const answer = await next(args)
      const date = answer.response?.headers?.['date']
      if (date !== undefined) this.time.learn(date, askedAt)
      return answer
    }
    // Around the exchange itself, before anything is read from the answer.
    const place = { step: 'deserialize', name: 'tqTime', priority: 'low' }
    command.middlewareStack.add(learn as never, place as never)
    const abortSignal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(Math.ceil(timeoutMs))])
    return (await this.#client.send(command as never, { abortSignal })) as Output
  }

  async #attempt<Output>(key: Key, write: () => Promise<Output>): Promise<Attempted<Output>> {
    try {
      return { done: true, output: await write() }
    } catch (error) {
      if (!isConflict(error)) throw error
      // What was in the way; not every emulator says so.
      const { Item: item } = error as { readonly Item?: Item }
      return { done: false, item: item ?? (await this.get(key)) }
    }
  }

  async #getPart(keys: readonly Key[], parts: Parts): Promise<readonly Item[]> {
    const { table } = this.options
    const found: Item[] = []
    await this.#untilDone<KeysAndAttributes>(
      { ConsistentRead: true, Keys: keys.map((key) => ({ ...key })), ...parts },
      ({ Keys = [] }) => Keys.length,
      async (asked) => {
        const command = () => new BatchGetItemCommand({ RequestItems: { [table]: asked } })
        const { Responses, UnprocessedKeys } = await this.send(command)
        found.push(...(Responses?.[table] ?? []))
        return UnprocessedKeys?.[table]
      },
    )
    return found
  }

  async #writePart(requests: readonly WriteRequest[]): Promise<void> {
    const { table } = this.options
    await this.#untilDone<WriteRequest[]>(
      [...requests],
      (asked) => asked.length,
      async (asked) => {
        const command = () => new BatchWriteItemCommand({ RequestItems: { [table]: asked } })
        return (await this.send(command)).UnprocessedItems?.[table]
      },
    )
  }

  /** Asks again for what was left out: at once while it gets less, after a pause where nothing was done. */
  async #untilDone<Asked>(
    all: Asked,
    count: (asked: Asked) => number,
    ask: (asked: Asked) => Promise<Asked | undefined>,
  ): Promise<void> {
    const startedAt = this.clock.monotonic()
    let asked = all
    for (let attempt = 0; ; ) {
      const left = await ask(asked)
      if (left === undefined || count(left) === 0) return
      if (count(left) < count(asked)) attempt = 0
      else if (!(await this.pause(attempt++, startedAt))) throw busy('a part of the batch was left undone')
      asked = left
    }
  }

  #of(key: Key) {
    return { TableName: this.options.table, Key: { ...key } }
  }
}

/** What the client sends, whatever it is. */
interface Sendable<Output> {
  readonly middlewareStack: { add(middleware: never, options: never): void }
  resolveMiddleware: (...args: never) => (input: never) => Promise<{ readonly output: Output }>
}

/** As DynamoDB says it: for now, and nothing was changed. */
function busy(reason: string): Error {
  const error = new Error(`DynamoDB took it for too long: ${reason}`)
  error.name = 'RequestLimitExceeded'
  return error
}

/** All that was asked before is still not answered. */
function silent(): Error {
  const error = new Error('DynamoDB does not answer')
  error.name = 'TimeoutError'
  return error
}
