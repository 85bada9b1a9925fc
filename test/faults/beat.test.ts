import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, createWorker, type ScheduleInfo } from '@tq/core'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { expect, inject, test } from 'vitest'
import { until } from '../features/feature.ts'
import { BeatCrew } from './beat-crew.ts'

const full = process.env['TQ_TEST_TIER'] === 'full'
const everyMs = 100
const schedules = full ? 3 : 10
/** Of all schedules together. */
const wanted = full ? 3_000 : 1_000
const hourMs = 3_600_000
/** A quiet machine needs a quarter of a minute, the full tier two. */
const timeoutMs = full ? 600_000 : 240_000
/** The machine may be busy with other tests. */
const patienceMs = 60_000
const { url, missing } = inject('redis')
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What every tick's task did: its id, once for each run and once for each commit. */
async function beatThroughFaults(
  signal: AbortSignal,
  broker: string,
  backend: string | undefined,
  offsetsMs: readonly number[],
) {
  const namespace = randomUUID().replaceAll('-', '').slice(0, 30)
  const app = createApp({
    broker,
    ...(backend === undefined ? {} : { backend }),
    namespace,
    adapters: [redis(), sqlite()],
    logger: silent,
  })
  const runs: string[] = []
  const commits: string[] = []
  app.task({
    name: 'tick',
    run: (_, { id }) => {
      runs.push(id)
    },
  })
  app.on('succeeded', ({ id }) => commits.push(id))
  const worker = createWorker(app)
  await worker.start()
  const environment = (leaseMs: number) => ({
    TQ_BROKER_URL: broker,
    TQ_BACKEND_URL: backend ?? '',
    TQ_NAMESPACE: namespace,
    BEAT_EVERY_MS: String(everyMs),
    BEAT_SCHEDULES: String(schedules),
    BEAT_LEASE_MS: String(leaseMs),
  })
  const crew = await BeatCrew.hire(environment(1_000), offsetsMs)
  try {
    const faults = ['kill', 'pause', 'kill'] as const
    const enough = () => new Set(commits).size >= wanted && crew.kills >= 4 && crew.pauses >= 2
    for (let round = 0; !enough(); round++) {
      signal.throwIfAborted()
      // Long enough to send some ticks; then in the midst of sending one.
      await new Promise((resolve) => setTimeout(resolve, 200 + ((round * 379) % 1_000)))
      const intoTick = (round * 3) % 16
      await new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs) + intoTick))
      if (faults[round % faults.length] === 'kill') await crew.killLeader()
      else await crew.pauseLeader()
    }
  } finally {
    await crew.dismiss()
  }
  // One that nobody disturbs sends what the last victim had decided and not sent.
  const calm = await BeatCrew.hire(environment(15_000), [0])
  const calmSince = Date.now()
  const isCalm = ({ last }: ScheduleInfo) => last !== undefined && last.tick.getTime() > calmSince
  await until(async () => (await app.schedules.list({ next: 0 })).every(isCalm), patienceMs)
  await calm.dismiss()
  const infos = await app.schedules.list({ next: 0 })
  expect(infos.map(({ waiting }) => waiting)).toEqual(infos.map(() => 0))
  await until(() => infos.every(({ last }) => last && commits.includes(last.id)), patienceMs)
  await worker.stop()
  await app.close()
  return { runs, commits, infos }
}

function expectEachTickOnce(ids: readonly string[], infos: readonly { readonly name: string }[]) {
  expect(new Set(ids).size, 'no id twice').toBe(ids.length)
  expect(infos).toHaveLength(schedules)
  for (const { name } of infos) {
    const ticks = ids
      .filter((id) => id.startsWith(`${name}@`))
      .map((id) => Date.parse(id.slice(id.indexOf('@') + 1)))
      .sort((a, b) => a - b)
    const [first = 0] = ticks
    expect(ticks, name).toEqual(ticks.map((_, index) => first + index * everyMs))
  }
}

test.skipIf(missing !== undefined)(
  'three replicas, one an hour ahead and one an hour behind, leaders killed and paused: each tick is one task',
  { timeout: timeoutMs },
  async ({ signal }) => {
    const startedAt = Date.now()
    const { runs, commits, infos } = await beatThroughFaults(signal, url, undefined, [0, hourMs, -hourMs])
    expectEachTickOnce(commits, infos)
    // One store: what is sent again under the same id is not even run.
    expect([...runs].sort()).toEqual([...commits].sort())
    // The server's time decides, not the leader's.
    const ticks = commits.map((id) => Date.parse(id.slice(id.indexOf('@') + 1)))
    expect(Math.min(...ticks)).toBeGreaterThan(startedAt - 10_000)
    expect(Math.max(...ticks)).toBeLessThan(Date.now() + 10_000)
  },
)

test.skipIf(missing !== undefined || !full)(
  'the same on two stores: each tick is one commit',
  { timeout: timeoutMs },
  async ({ signal }) => {
    const folder = mkdtempSync(join(tmpdir(), 'tq-beat-'))
    try {
      const { commits, infos } = await beatThroughFaults(
        signal,
        url,
        `sqlite:${folder}/backend.db`,
        [0, 0, 0],
      )
      expectEachTickOnce(commits, infos)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('the same on SQLite, whose clock is the machine’s', { timeout: timeoutMs }, async ({ signal }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tq-beat-'))
  try {
    const { runs, commits, infos } = await beatThroughFaults(
      signal,
      `sqlite:${folder}/queue.db`,
      undefined,
      [0, 0, 0],
    )
    expectEachTickOnce(commits, infos)
    expect([...runs].sort()).toEqual([...commits].sort())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
