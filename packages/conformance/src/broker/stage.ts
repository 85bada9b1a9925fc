import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Broker, BrokerErrorCode, Delivery, Millis, OutboundMessage, Receiver } from '@tq/core/driver'
import type { BrokerHarness } from '../harness.ts'
import { Time } from '../time.ts'

/** A queue with one receiver on it. */
export interface Setting {
  readonly broker: Broker
  readonly queue: string
  readonly receiver: Receiver
}

/** A lease that does not end within any case. */
export const longLeaseMs: Millis = 60_000

/**
 * What a broker case works with. Owns the instances it opened and closes them at the end; all waits go through
 * `time`, with bounds.
 */
export class BrokerStage {
  readonly time: Time
  readonly harness: BrokerHarness
  /** The least that this service tells apart. */
  readonly resolution: Millis
  readonly #opened: Broker[] = []

  constructor(harness: BrokerHarness, timeResolutionMs: Millis) {
    this.harness = harness
    this.resolution = timeResolutionMs
    this.time = new Time(harness)
  }

  /** A lease that a case waits to end. */
  get leaseMs(): Millis {
    return Math.max(500, 2 * this.resolution)
  }

  /** A delay that a case waits for. */
  get delayMs(): Millis {
    return Math.max(400, 2 * this.resolution)
  }

  /** How long nothing has to happen to believe that it does not. */
  get quietMs(): Millis {
    return Math.max(200, this.resolution)
  }

  /** What is due at once comes within this, on a healthy service. */
  get promptMs(): Millis {
    return 5_000 + this.resolution
  }

  /** A message of a lost lease is back within this: the lease and 5 s. */
  get reclaimMs(): Millis {
    return this.leaseMs + 5_000 + this.resolution
  }

  /** A new instance, opened; closed when the case ends. */
  async open(): Promise<Broker> {
    const broker = await this.harness.create()
    this.#opened.push(broker)
    await broker.open()
    return broker
  }

  /** Another instance where instances share the queues, else the same one. */
  async again(broker: Broker): Promise<Broker> {
    return broker.capabilities.shared ? await this.open() : broker
  }

  /** A new queue, declared. */
  async declare(broker: Broker): Promise<string> {
    const name = this.harness.queueName()
    await broker.declare({ name })
    return name
  }

  /** An instance, a queue and a receiver. By default the lease outlives the case. */
  async set(options: { readonly leaseMs?: Millis; readonly prefetch?: number } = {}): Promise<Setting> {
    const broker = await this.open()
    const queue = await this.declare(broker)
    return { broker, queue, receiver: await this.receiver(broker, queue, options) }
  }

  async receiver(
    broker: Broker,
    queue: string,
    options: { readonly leaseMs?: Millis; readonly prefetch?: number } = {},
  ): Promise<Receiver> {
    return await broker.openReceiver(queue, {
      leaseMs: options.leaseMs ?? longLeaseMs,
      prefetch: options.prefetch ?? 16,
    })
  }

  /** Publishes in lists the broker takes at once; all must be accepted. */
  async publish(broker: Broker, queue: string, ...messages: readonly OutboundMessage[]): Promise<void> {
    const size = Math.min(broker.capabilities.maxBatch, 100)
    for (let start = 0; start < messages.length; start += size) {
      const part = messages.slice(start, start + size)
      const outcomes = await broker.publish(queue, part)
      assert.deepEqual(
        outcomes,
        part.map(() => 'accepted'),
        'every message is accepted',
      )
    }
  }

  /** One receive call. */
  async receive(
    receiver: Receiver,
    options: { readonly max?: number; readonly waitMs?: Millis; readonly signal?: AbortSignal } = {},
  ): Promise<readonly Delivery[]> {
    const { max = 16, waitMs = this.promptMs, signal = new AbortController().signal } = options
    return await this.time.until(receiver.receive({ max, waitMs, signal }))
  }

  /** Exactly so many deliveries, by as many calls as it takes. */
  async take(
    receiver: Receiver,
    count: number,
    within: Millis = this.promptMs,
  ): Promise<readonly Delivery[]> {
    const taken: Delivery[] = []
    const deadline = this.time.now() + within
    while (taken.length < count) {
      const left = deadline - this.time.now()
      if (left <= 0) assert.fail(`${taken.length} of ${count} deliveries came within ${within} ms`)
      const max = count - taken.length
      const deliveries = await this.receive(receiver, { max, waitMs: Math.min(left, 1_000) })
      assert.ok(deliveries.length <= max, `asked for at most ${max}, got ${deliveries.length}`)
      taken.push(...deliveries)
    }
    return taken
  }

  /** The next delivery. */
  async takeOne(receiver: Receiver, within?: Millis): Promise<Delivery> {
    const [delivery] = await this.take(receiver, 1, within)
    assert.ok(delivery)
    return delivery
  }

  /** Nothing is receivable now. */
  async nothing(receiver: Receiver, why: string, waitMs: Millis = this.quietMs): Promise<void> {
    const deliveries = await this.receive(receiver, { waitMs })
    assert.deepEqual(
      deliveries.map(({ message }) => message.id),
      [],
      why,
    )
  }

  /** Waits until a lease taken before has ended, by the clock alone. */
  async pastLease(): Promise<void> {
    await this.time.sleep(this.leaseMs + this.resolution + 100)
  }

  /**
   * Ends what a holder has, as a failure does: its time runs out, or its connection drops.
   * With an embedded service there is no connection to cut: the receiver is closed instead.
   */
  async loseLeases({ broker, receiver }: Setting): Promise<void> {
    if (broker.capabilities.lease === 'timed') return await this.pastLease()
    if (this.harness.sever) return await this.harness.sever(broker)
    await this.time.until(receiver.close())
  }

  /** Repeats what fails because the service is not reached, as the runtime above a driver does. */
  async persist<T>(broker: Broker, action: () => Promise<T>, within: Millis = 15_000): Promise<T> {
    const deadline = this.time.now() + within
    for (;;) {
      try {
        return await this.time.until(action())
      } catch (error) {
        const code = broker.classify(error)
        assert.equal(
          code,
          'connection',
          `while the service is away errors mean 'connection': ${String(error)}`,
        )
        if (this.time.now() >= deadline) throw error
        await this.time.sleep(50)
      }
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((broker) => this.time.until(broker.close())))
  }
}

/** A message with a new id, whose body is its id unless told. */
export function message(parts: Partial<OutboundMessage> = {}): OutboundMessage {
  const id = parts.id ?? randomUUID()
  return { id, body: bytes(id), headers: {}, ...parts }
}

export function messages(count: number, parts: Partial<OutboundMessage> = {}): readonly OutboundMessage[] {
  return Array.from({ length: count }, () => message(parts))
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Ids in sorted order, to compare sets. */
export function idsOf(items: readonly (Delivery | OutboundMessage)[]): readonly string[] {
  return items.map((item) => ('message' in item ? item.message.id : item.id)).sort()
}

export function leasesOf(deliveries: readonly Delivery[]) {
  return deliveries.map(({ lease }) => lease)
}

/** The code of what a promise rejects with; fails when it resolves. */
export async function codeOf(
  broker: Pick<Broker, 'classify'>,
  promise: Promise<unknown>,
): Promise<BrokerErrorCode> {
  try {
    await promise
  } catch (error) {
    return broker.classify(error)
  }
  return assert.fail('was expected to reject, and resolved')
}
