import { createApp, createWorker, type } from '@tq/core'
import { redis as redisAdapter } from '@tq/redis'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { startRedis } from '../../packages/redis/test/services/redis.ts'
import type { Sample } from '../report.ts'

interface Payload {
  readonly user: number
  readonly name: string
  readonly tags: readonly string[]
}

const payload = (n: number): Payload => ({
  user: n,
  name: `user ${n} of the benchmark`,
  tags: ['alpha', 'beta', 'gamma'],
})

const concurrency = 100
const singles = 2_000

/**
 * On a Redis of our own, without persistence: filling a queue in bulk, sending one by one, draining at concurrency 100
 * with results kept. Ours, BullMQ and what a bare pipeline of ioredis does with the same payloads.
 */
export async function onRedis(tasks: number): Promise<readonly Sample[]> {
  const server = await startRedis([], true)
  try {
    const samples: Sample[] = []
    const client = new Redis(server.url)
    const memory = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
    for (const run of [tq, bullmq, raw]) {
      await client.flushall()
      samples.push(...(await run(server.url, tasks, memory)))
    }
    client.disconnect()
    return samples
  } finally {
    await server.stop()
  }
}

type Memory = () => Promise<number>

async function tq(url: string, tasks: number, memory: Memory): Promise<readonly Sample[]> {
  const app = createApp({ broker: url, adapters: [redisAdapter()] })
  let done = 0
  let target = Number.POSITIVE_INFINITY
  let finish = () => {}
  const noop = app.task({
    name: 'noop',
    input: type<Payload>(),
    run: () => {
      if (++done === target) finish()
      return { ok: true }
    },
  })
  const one = await measure('send one by one: tq', singles, async () => {
    for (let n = 0; n < singles; n++) await noop.delay(payload(n))
  })
  const before = await memory()
  const bulk = await measure('send in bulk: tq', tasks, async () => {
    for (let sent = 0; sent < tasks; sent += 1_000) {
      await noop.delayMany(Array.from({ length: Math.min(1_000, tasks - sent) }, (_, n) => payload(sent + n)))
    }
  })
  const perTask = ((await memory()) - before) / tasks
  target = tasks + singles
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const worker = createWorker(app, { concurrency })
  const drain = await measure('drain at 100: tq', target, async () => {
    await worker.start()
    await finished
    await worker.stop()
  })
  await app.close()
  console.log(`  tq: ${Math.round(perTask)} bytes of Redis per queued task`)
  return [one, bulk, drain]
}

async function bullmq(url: string, tasks: number, memory: Memory): Promise<readonly Sample[]> {
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const queue = new Queue('bench', { connection })
  await queue.waitUntilReady()
  const one = await measure('send one by one: BullMQ', singles, async () => {
    for (let n = 0; n < singles; n++) await queue.add('noop', payload(n))
  })
  const before = await memory()
  const bulk = await measure('send in bulk: BullMQ', tasks, async () => {
    for (let sent = 0; sent < tasks; sent += 1_000) {
      await queue.addBulk(
        Array.from({ length: Math.min(1_000, tasks - sent) }, (_, n) => ({
          name: 'noop',
          data: payload(sent + n),
        })),
      )
    }
  })
  const perTask = ((await memory()) - before) / tasks
  const drain = await measure('drain at 100: BullMQ', tasks + singles, async () => {
    let done = 0
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const worker = new Worker('bench', async () => ({ ok: true }), { connection, concurrency })
    worker.on('completed', () => {
      if (++done === tasks + singles) finish()
    })
    await finished
    await worker.close()
  })
  await queue.close()
  connection.disconnect()
  console.log(`  BullMQ: ${Math.round(perTask)} bytes of Redis per queued task`)
  return [one, bulk, drain]
}

/** No promises kept at all: what the client and the server can do with these payloads. */
async function raw(url: string, tasks: number): Promise<readonly Sample[]> {
  const client = new Redis(url)
  const one = await measure('send one by one: raw LPUSH', singles, async () => {
    for (let n = 0; n < singles; n++) await client.lpush('raw', JSON.stringify(payload(n)))
  })
  const bulk = await measure('send in bulk: raw pipeline', tasks, async () => {
    for (let sent = 0; sent < tasks; sent += 1_000) {
      const pipeline = client.pipeline()
      for (let n = 0; n < 1_000; n++) pipeline.lpush('raw', JSON.stringify(payload(sent + n)))
      await pipeline.exec()
    }
  })
  const drain = await measure('drain at 100: raw RPOP + SET PX pipeline', tasks, async () => {
    for (let got = 0; got < tasks; got += concurrency) {
      const bodies = (await client.rpop('raw', concurrency)) as string[]
      const pipeline = client.pipeline()
      for (const [at, body] of bodies.entries()) {
        const { user } = JSON.parse(body) as Payload
        pipeline.set(`raw:${got + at}`, JSON.stringify({ ok: true, user }), 'PX', 3_600_000)
      }
      await pipeline.exec()
    }
  })
  client.disconnect()
  return [one, bulk, drain]
}

async function measure(name: string, tasks: number, run: () => Promise<void>): Promise<Sample> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run()
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { name, tasks, ms, cpuMs: (user + system) / 1_000, check: tasks }
}
