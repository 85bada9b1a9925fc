import { setTimeout as sleep } from 'node:timers/promises'
import { rabbitmq } from '@tq/rabbitmq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  missingOwnRabbit,
  startRabbit,
  type TestRabbit,
} from '../../packages/rabbitmq/test/services/rabbitmq.ts'
import { extraStartsBound, type KillPlan, type KillService, killRun } from './kill-run.ts'
import { givenUpAlone, poisonRun } from './poison-run.ts'

const missing = missingOwnRabbit()

const full = process.env['TQ_TEST_TIER'] === 'full'

const plan: KillPlan = {
  tasks: full ? 5_000 : 1_000,
  workers: 3,
  kills: full ? 20 : 4,
  pauses: full ? 5 : 1,
  mutant: 'none',
  seed: 20_261_126,
  patienceMs: 120_000,
}
const brokerKills = full ? 3 : 1

describe.skipIf(missing)(`on RabbitMQ${missing ? ` (${missing})` : ''}`, () => {
  let server: TestRabbit
  beforeAll(async () => {
    server = await startRabbit({ name: 'kill' })
  })
  afterAll(() => server?.stop())

  const service = (harm?: () => Promise<void>): KillService => ({
    url: () => server.url,
    backend: (folder) => `sqlite:${folder}/results.db`,
    adapter: rabbitmq(),
    ...(harm ? { harm } : {}),
  })

  test('workers and the server killed, workers put to sleep: every task ends once', {
    timeout: 400_000,
  }, async () => {
    const killServer = async () => {
      for (let n = 0; n < brokerKills; n++) {
        await sleep(3_000)
        await server.kill?.()
        await server.start?.()
      }
    }
    const verdict = await killRun(plan, service(killServer))
    // A dead server costs each worker what it was running, as a kill does.
    const bound = extraStartsBound({ ...plan, kills: plan.kills + brokerKills * plan.workers })
    console.log(`kill run on RabbitMQ: ${JSON.stringify({ ...verdict, bound })}`)
    expect(verdict).toMatchObject({ sent: plan.tasks, unfinished: [], wrongOwner: [], doubleCommits: [] })
    expect(verdict.extraStarts).toBeLessThanOrEqual(bound)
  })

  test('a task that takes every worker down is given up after ten times, and it alone', {
    timeout: 150_000,
  }, async () => {
    expect(await poisonRun(service())).toEqual(givenUpAlone)
  })

  test.runIf(full)(
    'acknowledged before they run, it sees tasks that never end',
    { timeout: 120_000 },
    async () => {
      const short = { ...plan, tasks: 1_000, kills: 8, pauses: 0, patienceMs: 10_000 }
      const { unfinished } = await killRun({ ...short, mutant: 'ack-before-run' }, service())
      expect(unfinished.length).toBeGreaterThan(0)
    },
  )
})
