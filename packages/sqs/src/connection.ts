import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Clock, Millis } from '@tq/core/driver'
import { bandsFor } from './bands.ts'
import { capabilitiesOf } from './capabilities.ts'
import { newClient } from './client.ts'
import { ClosedError } from './errors.ts'
import { LoopWatch } from './loop-watch.ts'
import type { ResolvedOptions } from './options.ts'
import { Queues } from './queues.ts'

/** Expected of an answer before one was seen. */
const firstGuessMs: Millis = 30

/** The client of one broker, and what stands directly on it. */
export class Connection {
  readonly options: ResolvedOptions
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly queues: Queues
  readonly loop: LoopWatch
  readonly #client: SQSClient
  /** For calls about queues: they may be repeated, and the SDK does that. */
  readonly #patient: SQSClient
  #answerMs = firstGuessMs
  #closed = false

  constructor(options: ResolvedOptions, namespace: string, clock: Clock) {
    this.options = options
    this.maxBodyBytes = capabilitiesOf(options).maxBodyBytes
    this.clock = clock
    this.loop = new LoopWatch(clock)
    this.#client = newClient(options.connection)
    this.#patient = newClient(options.connection, 5)
    const { prefix, fifo, levels } = options
    this.queues = new Queues(this, { prefix, namespace, fifo }, bandsFor(levels))
  }

  /** How long an answer takes that waits for nothing, of late. */
  get answerMs(): Millis {
    return this.#answerMs
  }

  /** @throws ClosedError */
  check(): void {
    if (this.#closed) throw new ClosedError()
  }

  /** Asks SQS, once. After `close` everything fails for that reason. */
  async ask<T>(call: (client: SQSClient) => Promise<T>): Promise<T> {
    return await this.#told(call, this.#client)
  }

  /** Asks SQS about a queue, again where it is throttled. */
  async askPatiently<T>(call: (client: SQSClient) => Promise<T>): Promise<T> {
    return await this.#told(call, this.#patient)
  }

  async #told<T>(call: (client: SQSClient) => Promise<T>, client: SQSClient): Promise<T> {
    this.check()
    try {
      return await call(client)
    } catch (error) {
      throw this.#closed ? new ClosedError() : error
    }
  }

  /** An answer that waited for nothing came after so long. */
  answered(ms: Millis): void {
    this.#answerMs += (ms - this.#answerMs) / 8
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#client.destroy()
    this.#patient.destroy()
  }
}
