import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, createWorker } from '@tq/core'
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
const { url, missing } = inject('redis')
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What every tick's task did: its id, once for each run and once for each commit. */
async function beatThroughFaults(broker: string, backend: string | undefined, offsetsMs: readonly number[]) {
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
  const crew = await BeatCrew.hire(
    {
      TQ_BROKER_URL: broker,
      TQ_BACKEND_URL: backend ?? '',
      TQ_NAMESPACE: namespace,
      BEAT_EVERY_MS: String(everyMs),
      BEAT_SCHEDULES: String(schedules),
      BEAT_LEASE_MS: '1000',
    },
    offsetsMs,
  )
  try {
    const faults = ['kill', 'pause', 'kill'] as const
    for (let round = 0; new Set(commits).size < wanted; round++) {
      // Long enough to send some ticks; then in the midst of sending one.
      await new Promise((resolve) => setTimeout(resolve, 200 + ((round * 379) % 1_000)))
      const intoTick = (round * 3) % 16
      await new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs) + intoTick))
      if (faults[round % faults.length] === 'kill') await crew.killLeader()
      else await crew.pauseLeader()
    }
    // Whoever leads now sends what the last victim had decided and not sent.
    await crew.settled()
  } finally {
    await crew.dismiss()
  }
  // What the replicas sent before they ended is run to its end.
  const sent = await until(async () => {
    const infos = await app.schedules.list({ next: 0 })
    const lasts = infos.map(({ last }) => last?.id)
    return (
      infos.every(({ waiting }) => waiting === 0) && lasts.every((id) => id && commits.includes(id)) && infos
    )
  })
  await worker.stop()
  await app.close()
  return { runs, commits, crew, infos: sent }
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
  { timeout: 300_000 },
  async () => {
    const startedAt = Date.now()
    const { runs, commits, crew, infos } = await beatThroughFaults(url, undefined, [0, hourMs, -hourMs])
    expect(crew.kills).toBeGreaterThan(2)
    expect(crew.pauses).toBeGreaterThan(0)
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
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tq-beat-'))
    try {
      const { commits, infos } = await beatThroughFaults(url, `sqlite:${folder}/backend.db`, [0, 0, 0])
      expectEachTickOnce(commits, infos)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('the same on SQLite, whose clock is the machine’s', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tq-beat-'))
  try {
    const { runs, commits, infos } = await beatThroughFaults(
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
