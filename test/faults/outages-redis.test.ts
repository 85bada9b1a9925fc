// Stuck is the commonest fault of this field: whatever happens to Redis, every worker is consuming again soon after it
// answers, and nothing that was accepted is lost.
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp, createWorker, type, type Worker } from '@tq/core'
import { redis } from '@tq/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type TcpProxy } from '../services/proxy.ts'
import { answers, missingRedis, startRedis, type TestRedis } from '../services/redis.ts'

const missing = missingRedis()
const full = process.env['TQ_TEST_TIER'] === 'full'
const againWithinMs = 5_000
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Job {
  readonly n: number
}

/** A worker with a queue and connections of its own, and what it has run. */
interface Member {
  readonly queue: string
  readonly worker: Worker
  readonly close: () => Promise<void>
}

/** Runs of each task by its number. */
const runs = new Map<number, number>()
const waiting = new Map<number, () => void>()

function makeApp(url: string) {
  const app = createApp({ broker: url, adapters: [redis()], logger: quiet, namespace: 'outage' })
  const task = app.task({
    name: 'count',
    input: type<Job>(),
    run: ({ n }) => {
      runs.set(n, (runs.get(n) ?? 0) + 1)
      waiting.get(n)?.()
    },
  })
  return { app, task }
}

async function hire(url: string, queue: string): Promise<Member> {
  const { app } = makeApp(url)
  const worker = createWorker(app, { queues: [queue], concurrency: 5, lease: '2s' })
  await worker.start()
  const close = async () => {
    await worker.stop({ grace: 0 })
    await app.close()
  }
  return { queue, worker, close }
}

describe.skipIf(missing)(`outages of Redis${missing ? ` (${missing})` : ''}`, () => {
  let server: TestRedis
  let proxy: TcpProxy
  let members: readonly Member[]
  let producer: ReturnType<typeof makeApp>
  let next = 0

  beforeAll(async () => {
    server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always'], true)
    const { hostname, port } = new URL(server.url)
    proxy = await startProxy({ host: hostname, port: Number(port) })
    const url = `redis://127.0.0.1:${proxy.port}`
    members = await Promise.all(['a', 'b', 'c'].map((queue) => hire(url, queue)))
    producer = makeApp(url)
    await producer.app.open()
  })
  afterAll(async () => {
    await Promise.all((members ?? []).map(({ close }) => close()))
    await producer?.app.close()
    await proxy?.stop()
    await server?.stop()
  })

  /** Resolves when it has run. */
  async function runOne(queue: string): Promise<void> {
    const n = next++
    const ran = new Promise<void>((resolve) => waiting.set(n, resolve))
    await producer.task.applyAsync({ n }, { queue })
    await ran
  }

  /** Milliseconds from now until each worker has run a task that is sent now. */
  async function untilAllConsume(): Promise<readonly number[]> {
    const start = performance.now()
    return await Promise.all(
      members.map(async ({ queue }) => {
        await runOne(queue)
        return performance.now() - start
      }),
    )
  }

  async function sendSome(): Promise<readonly number[]> {
    const sent: number[] = []
    for (const { queue } of members) {
      const jobs = Array.from({ length: 20 }, () => ({ n: next++ }))
      await producer.task.delayMany(jobs, { queue })
      sent.push(...jobs.map(({ n }) => n))
    }
    return sent
  }

  interface Outage {
    begin(): unknown
    end(): unknown
    /** Whether what was accepted is there afterwards. */
    readonly keeps: boolean
  }

  const outages = {
    stopped: { begin: () => server.end?.(), end: () => server.start?.(), keeps: true },
    killed: { begin: () => server.kill?.(), end: () => server.start?.(), keeps: true },
    'killed, and its data gone': {
      begin: () => server.kill?.(),
      end: async () => {
        await server.wipe?.()
        await server.start?.()
      },
      keeps: false,
    },
    paused: { begin: () => server.pause?.(), end: () => server.resume?.(), keeps: true },
    'cut off': { begin: () => proxy.cut(), end: () => proxy.heal(), keeps: true },
    'a black hole': { begin: () => proxy.swallow(), end: () => proxy.heal(), keeps: true },
  } satisfies Record<string, Outage>

  async function suffer({ begin, end, keeps }: Outage, holdMs: number): Promise<readonly number[]> {
    const before = await sendSome()
    await begin()
    await sleep(holdMs)
    await end()
    await answers(server.url)
    const times = await untilAllConsume()
    if (!keeps) return times
    // What was under way comes again when its lease has ended.
    const signal = AbortSignal.timeout(15_000)
    while (before.some((n) => !runs.has(n))) {
      signal.throwIfAborted()
      await sleep(20)
    }
    return times
  }

  const tell = (what: string, times: readonly number[]) =>
    console.log(`${what}: consuming again after ${times.map((ms) => `${Math.round(ms)} ms`).join(', ')}`)

  const holds = full ? [1_000, 10_000, 60_000] : [1_000]
  for (const holdMs of holds) {
    for (const [name, outage] of Object.entries(outages)) {
      test(`${name} for ${holdMs / 1_000} s`, { timeout: holdMs + 60_000 }, async () => {
        const times = await suffer(outage, holdMs)
        tell(`${name} for ${holdMs / 1_000} s`, times)
        for (const ms of times) expect(ms).toBeLessThan(againWithinMs)
      })
    }
  }

  const cycles = full ? 50 : 3
  test(`${cycles} outages in a row`, { timeout: cycles * 30_000 }, async () => {
    const kinds = Object.values(outages)
    const worst: number[] = []
    for (let cycle = 0; cycle < cycles; cycle++) {
      const outage = kinds[cycle % kinds.length] as Outage
      worst.push(Math.max(...(await suffer(outage, 50 + 450 * Math.random()))))
    }
    tell(`${cycles} short outages, the slowest worker of each`, worst)
    expect(worst.filter((ms) => ms >= againWithinMs)).toEqual([])
  })
})
