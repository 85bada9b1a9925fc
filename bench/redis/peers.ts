import { createApp, createWorker, type } from '@tq/core'
import { redis as redisAdapter } from '@tq/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { Payload, Peer } from './measure.ts'

/** Ours: results stored, leases, fencing, retries and validation on. */
export async function tq(broker: string, backend: string): Promise<Peer> {
  const app = createApp({ broker, backend, adapters: [redisAdapter()] })
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

export async function bullmq(url: string): Promise<Peer> {
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const queue = new Queue('bench', { connection })
  await queue.waitUntilReady()
  return {
    send: (input) => queue.add('noop', input),
    sendMany: (inputs) => queue.addBulk(inputs.map((data) => ({ name: 'noop', data }))),
    work: async (concurrency, on) => {
      const run = async () => {
        on.task()
        return { ok: true }
      }
      const worker = new Worker('bench', run, { connection, concurrency })
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    close: async () => {
      await queue.close()
      connection.disconnect()
    },
  }
}

/** No promise kept at all, one process at a time: what client and server can do with these payloads. */
export async function raw(url: string): Promise<Peer> {
  const client = new Redis(url)
  let stored = 0
  const take = async (most: number, onTask: () => void, isOver: () => boolean) => {
    while (!isOver()) {
      const bodies = (await client.rpop('raw', most)) ?? []
      if (bodies.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      const pipeline = client.pipeline()
      for (const body of bodies) {
        const { user } = JSON.parse(body) as Payload
        onTask()
        pipeline.set(`raw:${stored++}`, JSON.stringify({ ok: true, user }), 'PX', 3_600_000)
      }
      await pipeline.exec()
    }
  }
  return {
    send: (input) => client.lpush('raw', JSON.stringify(input)),
    sendMany: (inputs) => {
      const pipeline = client.pipeline()
      for (const input of inputs) pipeline.lpush('raw', JSON.stringify(input))
      return pipeline.exec()
    },
    work: async (concurrency, on) => {
      let over = false
      const running = take(concurrency, on.task, () => over)
      return {
        stop: async () => {
          over = true
          await running
        },
      }
    },
    close: async () => client.disconnect(),
  }
}
