import { setTimeout as sleep } from 'node:timers/promises'
import { redis } from '@tq/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingRedis, startRedis, type TestRedis } from '../../packages/redis/test/services/redis.ts'
import { extraStartsBound, type KillPlan, type KillService, killRun } from './kill-run.ts'

const missing = missingRedis()

const plan: KillPlan = {
  tasks: 5_000,
  workers: 3,
  kills: 20,
  pauses: 5,
  mutant: 'none',
  seed: 20_261_125,
  patienceMs: 60_000,
}

describe.skipIf(missing)(`on Redis${missing ? ` (${missing})` : ''}`, () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec'], true)
  })
  afterAll(() => server?.stop())

  const service = (harm?: () => Promise<void>): KillService => ({
    url: () => server.url,
    adapters: [redis()],
    ...(harm ? { harm } : {}),
  })

  test('workers killed and put to sleep, the server restarted: every task ends once', {
    timeout: 180_000,
  }, async () => {
    const restart = async () => {
      await sleep(4_000)
      await server.restart?.()
    }
    const verdict = await killRun(plan, service(restart))
    console.log(`kill run on Redis: ${JSON.stringify({ ...verdict, bound: extraStartsBound(plan) })}`)
    expect(verdict).toMatchObject({ sent: plan.tasks, unfinished: [], wrongOwner: [], doubleCommits: [] })
    // The restart may cost each worker what it was running, as a kill does.
    const bound = extraStartsBound({ ...plan, kills: plan.kills + plan.workers })
    expect(verdict.extraStarts).toBeLessThanOrEqual(bound)
  })

  const short = { ...plan, tasks: 1_500, kills: 4, pauses: 6, patienceMs: 10_000 }

  test('without a fence, it sees results of workers that had lost the task', {
    timeout: 120_000,
  }, async () => {
    const { wrongOwner, doubleCommits } = await killRun({ ...short, mutant: 'no-fence' }, service())
    expect(wrongOwner.length + doubleCommits.length).toBeGreaterThan(0)
  })
})
