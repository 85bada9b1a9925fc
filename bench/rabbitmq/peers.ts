import { randomUUID } from 'node:crypto'
import { createApp, createWorker, type } from '@tq/core'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib'
import { Redis } from 'ioredis'
import type { Payload, Peer } from '../redis/measure.ts'
import type { Plan } from './measure.ts'

const namespace = (): string => randomUUID().slice(0, 8)

/** Ours: results stored, claims, retries and validation on. */
export async function tq({ amqp, redis: backend }: Plan): Promise<Peer> {
  const adapters = [rabbitmq(), redis()]
  const app = createApp({ broker: amqp, backend, adapters, namespace: namespace() })
  let onTask = () => {}
  const task = app.task({
    name: 'noop',
    input: type<Payload>(),
    run: async () => {
      onTask()
      return { ok: true }
    },
  })
  await app.open()
  return {
    send: (input) => task.delay(input),
    sendMany: (inputs) => task.delayMany(inputs),
    work: async (concurrency, on) => {
      onTask = on.task
      const worker = createWorker(app, { concurrency })
      await worker.start()
      return worker
    },
    close: () => app.close(),
  }
}

/**
 * amqplib alone on the same kind of queue, with confirms, grouped manual acknowledgements and the same results written:
 * what client and server can do, with no other promise kept.
 */
export async function raw({ amqp, redis: backend }: Plan): Promise<Peer> {
  const model = await connect(amqp, { noDelay: true })
  const store = new Redis(backend)
  const queue = `raw.${namespace()}`
  const sending = await model.createConfirmChannel()
  await sending.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  const send = (input: Payload) =>
    new Promise<void>((resolve, reject) => {
      const options = { persistent: true, mandatory: true, messageId: randomUUID() }
      sending.sendToQueue(queue, Buffer.from(JSON.stringify(input)), options, (error) =>
        error ? reject(error) : resolve(),
      )
    })
  return {
    send,
    sendMany: (inputs) => Promise.all(inputs.map(send)),
    work: async (concurrency, on) => {
      const channel = await model.createChannel()
      await channel.prefetch(4 * concurrency)
      const loop = new RawLoop(channel as ConfirmChannel, store, on.task)
      const { consumerTag } = await channel.consume(queue, (message) => message && loop.take(message))
      return {
        stop: async () => {
          await channel.cancel(consumerTag)
          await loop.idle()
          await channel.close()
        },
      }
    },
    close: async () => {
      await sending.deleteQueue(queue)
      await model.close()
      store.disconnect()
    },
  }
}

/** Takes what came, stores all results in one go, acknowledges all with one word, and then the next. */
class RawLoop {
  readonly #channel: ConfirmChannel
  readonly #store: Redis
  readonly #onTask: () => void
  #waiting: ConsumeMessage[] = []
  #running: Promise<void> | undefined

  constructor(channel: ConfirmChannel, store: Redis, onTask: () => void) {
    this.#channel = channel
    this.#store = store
    this.#onTask = onTask
  }

  take(message: ConsumeMessage): void {
    this.#waiting.push(message)
    this.#running ??= this.#run()
  }

  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const messages = this.#waiting
      this.#waiting = []
      const pipeline = this.#store.pipeline()
      for (const { content, properties } of messages) {
        const { user } = JSON.parse(String(content)) as Payload
        this.#onTask()
        pipeline.set(`raw:${properties.messageId}`, JSON.stringify({ ok: true, user }), 'PX', 3_600_000)
      }
      await pipeline.exec()
      const last = messages.at(-1)
      if (last) this.#channel.ack(last, true)
    }
    this.#running = undefined
  }
}
