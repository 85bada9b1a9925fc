import { sqs } from '@tq/sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnSqs, startOwnSqs } from '../../packages/sqs/test/services/own.ts'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'
import { extraStartsBound, type KillPlan, type KillService, killRun } from './kill-run.ts'
import { givenUpAlone, poisonRun } from './poison-run.ts'

// On an endpoint of our own, in a process of its own: the emulators have no bad days.
let own: OwnSqs
beforeAll(async () => {
  own = await startOwnSqs({
    duplicates: 0.1,
    throttled: 0.05,
    partialBatches: 0.02,
    undeleted: 0.01,
    reordered: 0.5,
  })
})
afterAll(() => own.stop())

const service: KillService = {
  url: () => sqsUrl(own.endpoint),
  backend: (folder) => `sqlite:${folder}/backend.db`,
  adapter: sqs(),
  // SQS counts in seconds.
  leaseMs: 3_000,
  doubles: true,
}

const full = process.env['TQ_TEST_TIER'] === 'full'

const plan: KillPlan = {
  tasks: full ? 5_000 : 1_500,
  workers: 3,
  kills: full ? 20 : 6,
  pauses: full ? 5 : 2,
  mutant: 'none',
  seed: 20_261_126,
  patienceMs: 90_000,
}

test('workers killed and put to sleep, messages doubled, calls throttled, batches done in part: every task ends once', {
  timeout: 420_000,
}, async () => {
  const verdict = await killRun(plan, service)
  // A doubled message is a second start where the first has not ended yet.
  const bound = extraStartsBound(plan) + 0.12 * plan.tasks
  console.log(`kill run on SQS: ${JSON.stringify({ ...verdict, bound })}`)
  expect(verdict).toMatchObject({ sent: plan.tasks, unfinished: [], wrongOwner: [], doubleCommits: [] })
  expect(verdict.extraStarts).toBeLessThanOrEqual(bound)
})

const short = { ...plan, tasks: 1_000, kills: 4, pauses: 2, patienceMs: 15_000 }

test.runIf(full)(
  'without a fence, it sees results of workers that had lost the task (full tier)',
  { timeout: 120_000 },
  async () => {
    const { wrongOwner, doubleCommits } = await killRun({ ...short, mutant: 'no-fence' }, service)
    expect(wrongOwner.length + doubleCommits.length).toBeGreaterThan(0)
  },
)

test.runIf(full)(
  'acknowledged before they run, tasks of killed workers are lost, and it sees that (full tier)',
  {
    timeout: 120_000,
  },
  async () => {
    const { unfinished } = await killRun({ ...short, pauses: 0, mutant: 'ack-before-run' }, service)
    expect(unfinished.length).toBeGreaterThan(0)
  },
)

test('a task that takes every worker down is given up after ten times, and it alone', {
  timeout: 150_000,
}, async () => {
  // A doubled message is counted once more each time, and its copies start beside each other.
  const anyNumber = expect.any(Number)
  const expected = { ...givenUpAlone, poisonStarts: anyNumber, mostLosses: anyNumber }
  expect(await poisonRun(service)).toMatchObject(expected)
})
