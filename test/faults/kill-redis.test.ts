import { setTimeout as sleep } from 'node:timers/promises'
import { redis } from '@tq/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxy, type TcpProxy } from '../services/proxy.ts'
import { missingRedis, startRedis, type TestRedis } from '../services/redis.ts'
import { extraStartsBound, type KillPlan, type KillService, killRun } from './kill-run.ts'
import { givenUpAlone, poisonRun } from './poison-run.ts'

const missing = missingRedis()

const full = process.env['TQ_TEST_TIER'] === 'full'

const plan: KillPlan = {
  tasks: 5_000,
  workers: 3,
  kills: 20,
  pauses: 5,
  mutant: 'none',
  seed: 20_261_125,
  patienceMs: 120_000,
}

describe.skipIf(missing)(`on Redis${missing ? ` (${missing})` : ''}`, () => {
  let server: TestRedis
  let proxy: TcpProxy
  beforeAll(async () => {
    server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec'], true)
    proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  })
  afterAll(async () => {
    await proxy?.stop()
    await server?.stop()
  })

  const service = (harm?: () => Promise<void>): KillService => ({
    url: () => `redis://127.0.0.1:${proxy.port}`,
    adapter: redis(),
    ...(harm ? { harm } : {}),
  })

  test('workers killed and put to sleep, the server restarted, the network a black hole: every task ends once', {
    timeout: 300_000,
  }, async () => {
    const harm = async () => {
      await sleep(2_000)
      proxy.swallow()
      await sleep(2_000)
      proxy.heal()
      await sleep(4_000)
      await server.restart?.()
    }
    const verdict = await killRun(plan, service(harm))
    console.log(`kill run on Redis: ${JSON.stringify({ ...verdict, bound: extraStartsBound(plan) })}`)
    expect(verdict).toMatchObject({ sent: plan.tasks, unfinished: [], wrongOwner: [], doubleCommits: [] })
    // Both may cost each worker what it was running, as a kill does.
    const bound = extraStartsBound({ ...plan, kills: plan.kills + 2 * plan.workers })
    expect(verdict.extraStarts).toBeLessThanOrEqual(bound)
  })

  test('a task that takes every worker down is given up after ten times, and it alone', {
    timeout: 150_000,
  }, async () => {
    expect(await poisonRun(service())).toEqual(givenUpAlone)
  })

  const short = { ...plan, tasks: 1_500, kills: 4, pauses: 6, patienceMs: 10_000 }

  test.runIf(full)(
    'without a fence, it sees results of workers that had lost the task (full tier)',
    {
      timeout: 120_000,
    },
    async () => {
      const { wrongOwner, doubleCommits } = await killRun({ ...short, mutant: 'no-fence' }, service())
      expect(wrongOwner.length + doubleCommits.length).toBeGreaterThan(0)
    },
  )
})
