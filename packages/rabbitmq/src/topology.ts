import type { Channel } from 'amqplib'
import { assertKeepsDelayed } from './delay-check.ts'
import {
  delayExchange,
  delayLevels,
  deliverExchange,
  deliverPattern,
  levelMs,
  levelPatterns,
} from './delays.ts'
import type { Link } from './link.ts'
import { type QueueNames, queueNames } from './names.ts'

/**
 * So often a message may come back before the server takes it out of its queue. Core gives up at ten lost leases; this
 * is a net below that. The same on every version: another value later would refuse a queue that is there.
 */
const deliveryLimit = 100
/** Dead letters are looked at again and again, and each look gives them back. */
const deadDeliveryLimit = 1_000_000_000

/** Makes and checks the queues and exchanges of one namespace. */
export class Topology {
  readonly #link: Link
  readonly #publishing: Link
  readonly #namespace: string
  readonly #names = new Map<string, QueueNames>()
  /** Queues that were there when last looked at. */
  readonly #known = new Set<string>()
  #delays: Promise<void> | undefined
  #delaysDeclared = false

  /** @param link one that nothing is published on, and so is never blocked */
  constructor(link: Link, publishing: Link, namespace: string) {
    this.#link = link
    this.#publishing = publishing
    this.#namespace = namespace
  }

  names(queue: string): QueueNames {
    const known = this.#names.get(queue)
    if (known) return known
    const names = queueNames(this.#namespace, queue)
    this.#names.set(queue, names)
    return names
  }

  /** Idempotent. Creates what the queue needs, or checks it. */
  async declare(queue: string): Promise<void> {
    const names = this.names(queue)
    const live = await this.#link.get()
    await this.#ensureDelays()
    await live.aside(async (channel) => {
      // Each is a consensus group of its own; they are asked for at once, on one channel in turn.
      await Promise.all(names.all.map((name) => declareQueue(channel, name, names)))
    })
    this.#known.add(queue)
  }

  /** A queue that may be used: known to be there, found, or made. */
  async require(queue: string): Promise<void> {
    if (this.#known.has(queue)) return
    const live = await this.#link.get()
    const { all } = this.names(queue)
    const there = await live
      .aside((channel) => Promise.all(all.map((name) => channel.checkQueue(name))))
      .catch(ifMissing)
    if (there) this.#known.add(queue)
    else await this.declare(queue)
  }

  /** Somebody found that it, or what leads there, is not there any more. */
  forget(queue: string): void {
    this.#known.delete(queue)
    this.#delays = undefined
    this.#delaysDeclared = false
  }

  /** What delayed messages go through is there, or made. Shared by all that use the virtual host. */
  async requireDelays(): Promise<void> {
    this.#delays ??= this.#remembered(this.#findDelays())
    await this.#delays
  }

  async #findDelays(): Promise<void> {
    const live = await this.#link.get()
    const there = await live
      .aside((channel) => channel.checkExchange(delayExchange(delayLevels - 1)))
      .catch(ifMissing)
    if (there) await assertKeepsDelayed(await this.#publishing.get())
    else await this.#declareDelays()
  }

  async #ensureDelays(): Promise<void> {
    if (this.#delaysDeclared) return
    this.#delays = this.#remembered(this.#declareDelays())
    await this.#delays
    this.#delaysDeclared = true
  }

  async #declareDelays(): Promise<void> {
    await assertKeepsDelayed(await this.#publishing.get())
    const live = await this.#link.get()
    await live.aside(declareDelays)
  }

  /** A failure is forgotten: the next who asks tries again. */
  async #remembered(making: Promise<void>): Promise<void> {
    try {
      await making
    } catch (error) {
      this.#delays = undefined
      throw error
    }
  }
}

/** Undefined when it is not there; permission to make it is needed only then. */
function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 404) throw error
}

async function declareQueue(channel: Channel, name: string, names: QueueNames): Promise<void> {
  await channel.assertQueue(name, { durable: true, arguments: queueArguments(names) })
  await channel.bindQueue(name, deliverExchange, deliverPattern(name))
}

function queueArguments({ dead }: QueueNames): Readonly<Record<string, unknown>> {
  if (dead === undefined) return { 'x-queue-type': 'quorum', 'x-delivery-limit': deadDeliveryLimit }
  return {
    'x-queue-type': 'quorum',
    'x-delivery-limit': deliveryLimit,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': dead,
    ...neverDropped,
  }
}

/** What leaves a queue is taken out of it only when the next one has it. */
const neverDropped = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' }

async function declareDelays(channel: Channel): Promise<void> {
  const levels = Array.from({ length: delayLevels }, (_, level) => level)
  await channel.assertExchange(deliverExchange, 'topic', { durable: true })
  await Promise.all(
    levels.map((level) => channel.assertExchange(delayExchange(level), 'topic', { durable: true })),
  )
  await Promise.all(
    levels.map(async (level) => {
      const exchange = delayExchange(level)
      const next = level === 0 ? deliverExchange : delayExchange(level - 1)
      const { wait, pass } = levelPatterns(level)
      await channel.assertQueue(exchange, {
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-message-ttl': levelMs(level),
          'x-dead-letter-exchange': next,
          ...neverDropped,
        },
      })
      await channel.bindQueue(exchange, exchange, wait)
      await channel.bindExchange(next, exchange, pass)
    }),
  )
}
