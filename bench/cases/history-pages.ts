import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Adapter, createApp, findApp } from '@tq/core'
import type { TaskRecord } from '@tq/core/driver'
import { postgres } from '@tq/postgres'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { startPostgres } from '../../packages/postgres/test/services/postgres.ts'
import { startRedis } from '../../test/services/redis.ts'

const total = 1_000_000
const targetMs = 300
/** As many as the dashboard asks for at once. */
const limit = 100
const dayMs = 86_400_000

interface Store {
  readonly broker: string
  readonly backend?: string
  readonly adapters: readonly Adapter[]
}

/** The first page among a million tasks of one day, as the dashboard asks for it, with filters that find much and little. */
export async function historyPages(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-bench-'))
  const [redisServer, postgresServer] = await Promise.all([startRedis([], true), startPostgres({}, true)])
  try {
    const file = `sqlite:${folder}/q.db?synchronous=normal`
    await pagesOf('redis', { broker: redisServer.url, adapters: [redis()] }, rounds)
    await redisServer.stop()
    await pagesOf('sqlite', { broker: file, adapters: [sqlite()] }, rounds)
    rmSync(folder, { recursive: true, force: true })
    const onPostgres = { broker: 'memory:', backend: postgresServer.url, adapters: [postgres()] }
    await pagesOf('postgres', onPostgres, rounds)
  } finally {
    await Promise.all([redisServer.stop(), postgresServer.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pagesOf(name: string, options: Store, rounds: number): Promise<void> {
  const app = createApp(options)
  const connection = await findApp({ app })?.runtime.connect()
  const results = connection?.backend?.results
  if (!results) throw new Error(`${name} has no backend`)
  const now = Date.now()
  const filling = performance.now()
  for (let at = 0; at < total; at += 1_000) {
    // As they come in a day, in bursts.
    const time = Math.floor(now - dayMs + (at * dayMs) / total)
    await results.put(Array.from({ length: 1_000 }, (_, index) => recordAt(at + index, time)))
  }
  const filled = Math.round((performance.now() - filling) / 1_000)
  console.log(`\nfirst page of ${total.toLocaleString('en')} tasks on ${name} (filled in ${filled} s)`)
  const filters = {
    'no filter': {},
    'state SUCCESS': { state: 'SUCCESS' },
    'state FAILURE, one of 10,000': { state: 'FAILURE' },
    'state PENDING, none': { state: 'PENDING' },
    'queue, one of 10': { queue: 'q3' },
    'task, one of 100': { name: 'task.42' },
    'tasks by pattern': { name: 'task.4*' },
    'worker, one of 7': { worker: 'worker-3' },
    'tag, one of 100,000': { tag: 'tag-7' },
    'an hour, half a day ago': { from: new Date(now - dayMs / 2), to: new Date(now - dayMs / 2 + 3_600_000) },
  } as const
  for (const [what, filter] of Object.entries(filters)) {
    let found = ''
    const times = await timesOf(rounds, async () => {
      const page = await app.history.list(filter, { limit })
      found = `${page.tasks.length} tasks${page.next === undefined ? '' : ', more'}`
    })
    tell(what, times, found)
  }
  let complete = false
  const counted = await timesOf(rounds, async () => {
    complete = (await app.history.counts()).complete
  })
  tell('counts by state', counted, complete ? 'exact' : 'at least')
  await app.close()
}

async function timesOf(rounds: number, ask: () => Promise<void>): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await ask()
    times.push(performance.now() - start)
  }
  return times
}

function tell(what: string, times: readonly number[], found: string): void {
  const [first = 0] = times
  const median = [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
  const missed = Math.max(first, median) > targetMs ? `  MISSED (target: ${targetMs} ms)` : ''
  console.log(
    `  ${what.padEnd(30)} first ${first.toFixed(0).padStart(4)} ms, median ${median.toFixed(0).padStart(4)} ms: ${found}${missed}`,
  )
}

function recordAt(n: number, time: number): TaskRecord {
  const hex = time.toString(16).padStart(12, '0')
  const digits = (Math.floor(n / 32) % 4_096).toString(16).padStart(3, '0')
  const detail = {
    sentAt: time,
    startedAt: time,
    endedAt: time + 5,
    worker: `worker-${n % 7}`,
    args: { user: n },
    result: { ok: true },
    ...(n % 10 === 7 ? { tags: [`tag-${n % 100_000}`] } : {}),
  }
  return {
    id: `${hex.slice(0, 8)}-${hex.slice(8)}-7${digits}-8000-${n.toString(16).padStart(12, '0')}`,
    name: `task.${n % 100}`,
    queue: `q${n % 10}`,
    state: n % 10_000 === 0 ? 'FAILURE' : 'SUCCESS',
    generation: 0,
    attempt: 0,
    epoch: 1,
    updatedAt: time,
    detail: JSON.stringify(detail),
    ttlMs: 2 * dayMs,
    markMs: 2 * dayMs,
  }
}
