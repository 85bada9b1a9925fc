import type { Delivery, Lease, Receiver } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { deadQueueOf } from '../options/names.ts'
import { type Envelope, fromBody } from '../task/envelope.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { keepAsides, type Packed, refsOf } from './packing.ts'
import { freshMessage } from './run-again.ts'
import type { Connection, Runtime } from './runtime.ts'
import { settlePatiently } from './settle-patiently.ts'

/** A message that was given up, and why. */
export interface DeadLetter {
  readonly id: string
  /** Undefined when the message cannot be read. */
  readonly task: string | undefined
  readonly queue: string
  readonly reason: string
  readonly error: string
  readonly diedAt: Date
}

/** Long enough to look through a batch; after a crash the letters come back by themselves. */
const leaseMs: Millis = 60_000
const batch = 100
/** An empty answer within this time ends the walk. */
const waitMs: Millis = 300

/**
 * The dead letters of a queue: listed, run again or dropped. They lie in a queue of their own on the same broker, so
 * this needs nothing but what every broker can do: what is not wanted is given back.
 */
export class DeadLetters {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** The oldest first. What was run again by other means since, as by `app.control.retry`, is none any more. */
  async list(queue: string, options: { readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const letters: DeadLetter[] = []
    await this.#walk(queue, options.limit ?? 100, async (connection, deliveries) => {
      const outdated = await this.#outdated(connection, deliveries)
      const current = deliveries.filter((delivery) => !outdated.has(delivery))
      letters.push(...current.map((delivery) => this.#describe(queue, delivery)))
      return { done: [] }
    })
    return letters
  }

  /**
   * Sends them back to their queue as fresh tasks, one generation higher. Those whose workflow still runs other parts stay.
   * Returns how many went.
   */
  async retry(
    queue: string,
    options: { readonly ids?: readonly string[]; readonly limit?: number } = {},
  ): Promise<number> {
    let retried = 0
    await this.#take(queue, options, async (connection, deliveries) => {
      const outdated = await this.#outdated(connection, deliveries)
      const sent: Delivery[] = []
      const packed: Packed[] = []
      for (const delivery of deliveries) {
        if (outdated.has(delivery)) continue
        const one = await this.#again(queue, delivery, connection)
        if (!one) continue
        sent.push(delivery)
        packed.push(one)
      }
      await keepAsides(connection, packed)
      const messages = packed.map(({ message }) => message)
      if (messages.length > 0) await connection.publisher.publish(queue, messages)
      retried += sent.length
      return [...sent, ...outdated]
    })
    return retried
  }

  /** Deletes them. Returns how many. */
  drop(
    queue: string,
    options: { readonly ids?: readonly string[]; readonly limit?: number } = {},
  ): Promise<number> {
    return this.#take(queue, options, async (_, deliveries) => deliveries)
  }

  /** Deletes the oldest beyond what an app keeps. Returns how many. */
  async trim(queue: string): Promise<number> {
    const { settings, clock } = this.#runtime
    const { admin } = (await this.#runtime.connect()).broker
    const ready = (await admin?.counts(deadQueueOf(queue)))?.ready ?? 0
    let excess = ready - settings.deadLettersKept
    let dropped = 0
    await this.#walk(queue, Number.POSITIVE_INFINITY, async (_, deliveries) => {
      const oldest = clock.now() - settings.deadLetterExpiresMs
      const gone = deliveries.filter((delivery) => excess-- > 0 || (diedAt(delivery) ?? oldest) < oldest)
      dropped += gone.length
      return gone.length < deliveries.length ? { done: gone, last: true } : { done: gone }
    })
    return dropped
  }

  async #take(
    queue: string,
    options: { readonly ids?: readonly string[]; readonly limit?: number },
    act: (connection: Connection, chosen: readonly Delivery[]) => Promise<readonly Delivery[]>,
  ): Promise<number> {
    const ids = options.ids && new Set(options.ids)
    let taken = 0
    await this.#walk(queue, options.limit ?? Number.POSITIVE_INFINITY, async (connection, deliveries) => {
      const chosen = deliveries.filter(({ message }) => !ids || ids.has(message.id))
      const done = chosen.length > 0 ? await act(connection, chosen) : []
      taken += done.length
      return { done }
    })
    return taken
  }

  /**
   * Leases batch after batch; `look` says which to delete and when to stop, the rest goes back at the end. A letter that
   * comes twice is looked at once, and kept once: giving it back may copy it. What was run again and has died once more
   * meanwhile stays, and where there is nothing else the walk is over: it would never end.
   */
  async #walk(
    queue: string,
    limit: number,
    look: (
      connection: Connection,
      deliveries: readonly Delivery[],
    ) => Promise<{ readonly done: readonly Delivery[]; readonly last?: boolean }>,
  ): Promise<void> {
    const connection = await this.#runtime.connect()
    await connection.broker.declare({ name: deadQueueOf(queue) })
    const receiver = await connection.broker.openReceiver(deadQueueOf(queue), { leaseMs, prefetch: 10_000 })
    const settler = { broker: connection.broker, clock: this.#runtime.clock }
    const drop = (letters: readonly Delivery[]) =>
      settlePatiently(settler, 'dropping dead letters', leasesOf(letters), (open) => receiver.ack(open))
    const met = new Set<string>()
    const handled = new Set<string>()
    const kept: Delivery[] = []
    const twins: Delivery[] = []
    try {
      for (let seen = 0; seen < limit; ) {
        const deliveries = await this.#next(receiver, Math.min(batch, limit - seen))
        if (deliveries.length === 0) return
        seen += deliveries.length
        const single = deliveries.filter((delivery) => this.#isNew(delivery, met))
        if (single.length < deliveries.length) {
          twins.push(...deliveries.filter((delivery) => !single.includes(delivery)))
        }
        const letters = single.filter(({ message }) => !handled.has(message.id))
        if (letters.length < single.length) {
          kept.push(...single.filter(({ message }) => handled.has(message.id)))
          if (letters.length === 0) return
        }
        const { done: chosen, last } = await look(connection, letters)
        for (const { message } of chosen) handled.add(message.id)
        const done = new Set(chosen)
        kept.push(...letters.filter((delivery) => !done.has(delivery)))
        if (done.size > 0) {
          await drop(chosen)
          connection.payloads.forget(chosen.flatMap((delivery) => this.#keptFor(delivery)))
        }
        if (last) return
      }
    } finally {
      try {
        for (const part of inParts(kept)) {
          await settlePatiently(settler, 'giving dead letters back', leasesOf(part), (open) =>
            receiver.nack(open, { delayMs: 0 }),
          )
        }
        // Not before the other one is safe.
        for (const part of inParts(twins)) await drop(part)
      } finally {
        await receiver.close()
      }
    }
  }

  /** Whether it was not met before. One that does not say when it died is always new. */
  #isNew(delivery: Delivery, met: Set<string>): boolean {
    const died = diedAt(delivery)
    if (died === undefined) return true
    const { message } = delivery
    // Run again, it may die within the same millisecond.
    const letter = `${message.id} ${died} ${this.#read(message)?.generation}`
    if (met.has(letter)) return false
    met.add(letter)
    return true
  }

  /** Those that ran again by other means since: their records are of a later generation. */
  async #outdated({ backend }: Connection, deliveries: readonly Delivery[]): Promise<ReadonlySet<Delivery>> {
    // While the backend is away, the letters are still there to be seen.
    const records =
      (await backend?.results.get(deliveries.map(({ message }) => message.id)).catch(() => undefined)) ?? []
    return new Set(
      deliveries.filter(({ message }, at) => {
        const generation = this.#read(message)?.generation
        return generation !== undefined && (records[at]?.generation ?? 0) > generation
      }),
    )
  }

  #next(receiver: Receiver, max: number): Promise<readonly Delivery[]> {
    return receiver.receive({ max, waitMs, signal: new AbortController().signal })
  }

  #describe(queue: string, delivery: Delivery): DeadLetter {
    const { message } = delivery
    const { headers } = message
    return {
      id: message.id,
      task: this.#read(message)?.task,
      queue,
      reason: headers['tq-dead-reason'] ?? '',
      error: headers['tq-dead-error'] ?? '',
      diedAt: new Date(diedAt(delivery) ?? 0),
    }
  }

  /** What was kept for it: gone with its letter, as whoever runs again has a copy. */
  #keptFor({ message }: Delivery): readonly PayloadRef[] {
    const envelope = this.#read(message)
    return envelope ? refsOf(envelope) : []
  }

  /** Undefined where it cannot be run again now. */
  async #again(queue: string, { message }: Delivery, connection: Connection): Promise<Packed | undefined> {
    const headers = Object.fromEntries(
      Object.entries(message.headers).filter(([name]) => !name.startsWith('tq-dead-')),
    )
    const old = this.#read(message)
    // Unreadable here does not mean unreadable to a newer worker: it goes back as it is.
    if (!old) return { message: { id: message.id, body: message.body, headers }, asides: [] }
    try {
      return await freshMessage(this.#runtime, connection, queue, old)
    } catch (error) {
      if (error instanceof TqError && error.code === 'INVALID_OPTION') return undefined
      throw error
    }
  }

  #read({ body, headers }: Delivery['message']): Envelope | undefined {
    try {
      return fromBody(body, headers, this.#runtime.codec)
    } catch {
      return undefined
    }
  }
}

/** In milliseconds since 1970. What the service itself put there, past its own limits, says only when it was sent. */
function diedAt({ message, sentAt }: Delivery): number | undefined {
  const { 'tq-dead-at': told } = message.headers
  return told === undefined ? sentAt : Number(told)
}

function leasesOf(deliveries: readonly Delivery[]): readonly Lease[] {
  return deliveries.map(({ lease }) => lease)
}

function inParts(deliveries: readonly Delivery[]): readonly (readonly Delivery[])[] {
  const count = Math.ceil(deliveries.length / batch)
  return Array.from({ length: count }, (_, at) => deliveries.slice(at * batch, (at + 1) * batch))
}
