import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingOwnRabbit, startRabbit } from '../../packages/rabbitmq/test/services/rabbitmq.ts'
import { startOwnSqs } from '../../packages/sqs/test/services/own.ts'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'
import { missingRedis, startRedis, type TestRedis } from '../services/redis.ts'
import { type ChordPlan, type ChordService, chordRun } from './chord-run.ts'

const missing = missingRedis()
const full = process.env['TQ_TEST_TIER'] === 'full'

const plan: ChordPlan = {
  chords: full ? 10_000 : 300,
  mostChildren: full ? 200 : 40,
  workers: 3,
  kills: full ? 200 : 15,
  mutant: 'none',
  seed: 20_261_126,
  patienceMs: full ? 600_000 : 150_000,
}
const short: ChordPlan = { ...plan, chords: 100, mostChildren: 20, kills: 5, patienceMs: 8_000 }

describe.skipIf(missing)(`chords on Redis${missing ? ` (${missing})` : ''}`, () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis([], true)
  })
  afterAll(() => server?.stop())

  const service = () => ({ adapters: [redis(), sqlite()], url: () => server.url })

  test('workers killed, finished messages delivered again: every body once, with every value', {
    timeout: full ? 1_800_000 : 300_000,
  }, async () => {
    const verdict = await chordRun(plan, service())
    console.log(`chords on Redis: ${JSON.stringify(verdict)}`)
    expect(verdict).toMatchObject({ sent: plan.chords, unfinished: [], wrongValues: [], doubleBodies: [] })
  })

  test('counted reports are seen: bodies that run before all children have ended', {
    timeout: 120_000,
  }, async () => {
    const { wrongValues } = await chordRun({ ...short, mutant: 'counted' }, service())
    expect(wrongValues.length).toBeGreaterThan(0)
  })

  test('follow-ups sent after the acknowledgement are seen: workflows that never end', {
    timeout: 120_000,
  }, async () => {
    const { unfinished } = await chordRun({ ...short, kills: 8, mutant: 'forgotten' }, service())
    expect(unfinished.length).toBeGreaterThan(0)
  })
})

const small: ChordPlan = { ...plan, chords: full ? 1_000 : 100, mostChildren: 20, kills: full ? 20 : 6 }
const inTime = { timeout: full ? 1_200_000 : 300_000 }

test('two stores: every body once, with every value', inTime, async () => {
  const verdict = await chordRun(small, {
    adapters: [sqlite()],
    url: (folder) => `sqlite:${folder}/queue.db`,
    backend: (folder) => `sqlite:${folder}/backend.db`,
  })
  console.log(`chords on two SQLite files: ${JSON.stringify(verdict)}`)
  expect(verdict).toMatchObject({ sent: small.chords, unfinished: [], wrongValues: [], doubleBodies: [] })
})

const noRabbit = missingOwnRabbit()

test.skipIf(noRabbit)(`on RabbitMQ: the same${noRabbit ? ` (${noRabbit})` : ''}`, inTime, async () => {
  const rabbit = await startRabbit({ name: 'chords' })
  const service: ChordService = {
    adapters: [rabbitmq(), sqlite()],
    url: () => rabbit.url,
    backend: (folder) => `sqlite:${folder}/backend.db`,
  }
  const verdict = await chordRun(small, service).finally(() => rabbit.stop())
  console.log(`chords on RabbitMQ: ${JSON.stringify(verdict)}`)
  expect(verdict).toMatchObject({ sent: small.chords, unfinished: [], wrongValues: [], doubleBodies: [] })
})

test('on SQS with duplicates, throttles and batches done in part: the same', inTime, async () => {
  const own = await startOwnSqs({ duplicates: 0.1, throttled: 0.05, partialBatches: 0.02, reordered: 0.5 })
  const service: ChordService = {
    adapters: [sqs(), sqlite()],
    url: () => sqsUrl(own.endpoint),
    backend: (folder) => `sqlite:${folder}/backend.db`,
    leaseMs: 3_000,
  }
  const verdict = await chordRun(small, service).finally(() => own.stop())
  console.log(`chords on SQS: ${JSON.stringify(verdict)}`)
  expect(verdict).toMatchObject({ sent: small.chords, unfinished: [], wrongValues: [], doubleBodies: [] })
})
