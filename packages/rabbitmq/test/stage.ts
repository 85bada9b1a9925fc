import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, type Delivery, type OutboundMessage, type Receiver, systemClock } from '@tq/core/driver'
import { type Channel, type ConfirmChannel, connect } from 'amqplib'
import { expect } from 'vitest'
import { adapter } from '../src/index.ts'
import { type NetworkProxy, startProxy } from './services/proxy.ts'
import { startRabbit, type TestRabbit } from './services/rabbitmq.ts'

/** One file's server, and what its tests opened on it. */
export class Stage {
  #server: TestRabbit | undefined
  readonly #opened: { close(): unknown }[] = []

  /** @param settings lines of rabbitmq.conf */
  async start(...settings: readonly string[]): Promise<void> {
    this.#server = await startRabbit({ settings })
  }

  get server(): TestRabbit {
    if (!this.#server) throw new Error('there is no server')
    return this.#server
  }

  /** Runs `rabbitmqctl`. */
  async ctl(...args: readonly string[]): Promise<void> {
    await this.server.ctl?.(...args)
  }

  /** A broker of a namespace of its own, or of one that is given. */
  async open(options: { readonly url?: string; readonly namespace?: string } = {}): Promise<Broker> {
    const { url = this.server.url, namespace = `t${randomUUID().slice(0, 8)}` } = options
    const broker = adapter.createBroker?.(url, { namespace, clock: systemClock })
    if (!broker) throw new Error('the adapter makes no broker')
    this.#opened.push(broker)
    await broker.open()
    return broker
  }

  /** A channel of amqplib, to look behind the driver's back. */
  async raw(): Promise<ConfirmChannel> {
    const model = await connect(this.server.url, { noDelay: true })
    model.on('error', () => {})
    this.#opened.push(model)
    return await model.createConfirmChannel()
  }

  /** A way to the server that can be cut. */
  async through(): Promise<{ readonly proxy: NetworkProxy; readonly url: string }> {
    const proxy = await startProxy(Number(new URL(this.server.url).port))
    this.#opened.push(proxy)
    return { proxy, url: `amqp://127.0.0.1:${proxy.port}` }
  }

  async closeAll(): Promise<void> {
    for (const one of this.#opened.splice(0).reverse()) await one.close()
  }

  async end(): Promise<void> {
    await this.#server?.stop()
  }
}

export function message(parts: Partial<OutboundMessage> = {}): OutboundMessage {
  const id = parts.id ?? randomUUID()
  return { id, body: Buffer.from(id), headers: {}, ...parts }
}

export function receiverOf(broker: Broker, prefetch = 100): Promise<Receiver> {
  return broker.openReceiver('q', { leaseMs: 30_000, prefetch })
}

export function receive(receiver: Receiver, waitMs = 5_000, max = 100): Promise<readonly Delivery[]> {
  return receiver.receive({ max, waitMs, signal: new AbortController().signal })
}

export function idsOf(deliveries: readonly Delivery[]): readonly string[] {
  return deliveries.map((one) => one.message.id)
}

/** As the runtime does: opens a receiver until one brings something. */
export async function consume(broker: Broker, within = 20_000): Promise<readonly Delivery[]> {
  const deadline = performance.now() + within
  for (;;) {
    try {
      const deliveries = await receive(await receiverOf(broker), 500)
      if (deliveries.length > 0) return deliveries
    } catch (error) {
      expect(broker.classify(error), String(error)).toBe('connection')
    }
    if (performance.now() > deadline) throw new Error(`nothing came within ${within} ms`)
    await sleep(50)
  }
}

export async function until(look: () => Promise<boolean> | boolean, within = 10_000): Promise<number> {
  const start = performance.now()
  while (!(await look())) {
    if (performance.now() - start > within) throw new Error(`did not happen within ${within} ms`)
    await sleep(20)
  }
  return performance.now() - start
}

/** What lies ready in an AMQP queue. */
export async function ready(channel: Channel, amqpQueue: string): Promise<number> {
  return (await channel.checkQueue(amqpQueue)).messageCount
}
