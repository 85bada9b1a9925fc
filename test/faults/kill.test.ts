import { expect, test } from 'vitest'
import { extraStartsBound, type KillPlan, killRun, onSqlite } from './kill-run.ts'
import { givenUpAlone, poisonRun } from './poison-run.ts'

const plan: KillPlan = {
  tasks: 5_000,
  workers: 3,
  kills: 20,
  pauses: 5,
  mutant: 'none',
  seed: 20_261_124,
  patienceMs: 120_000,
}

test('workers killed and put to sleep: every task ends once, none by a worker that had lost it', {
  timeout: 300_000,
}, async () => {
  const verdict = await killRun(plan)
  console.log(`kill run: ${JSON.stringify({ ...verdict, bound: extraStartsBound(plan) })}`)
  expect(verdict).toMatchObject({ sent: plan.tasks, unfinished: [], wrongOwner: [], doubleCommits: [] })
  expect(verdict.extraStarts).toBeLessThanOrEqual(extraStartsBound(plan))
})

test('a task that takes every worker down is given up after ten times, and it alone', {
  timeout: 150_000,
}, async () => {
  expect(await poisonRun(onSqlite)).toEqual(givenUpAlone)
})

// The test itself is tested: broken on purpose, it must see it.
const short = { ...plan, tasks: 1_000, kills: 2, pauses: 5, patienceMs: 10_000 }

test('without a fence, it sees results of workers that had lost the task', { timeout: 120_000 }, async () => {
  const { wrongOwner, doubleCommits } = await killRun({ ...short, mutant: 'no-fence' })
  expect(wrongOwner.length + doubleCommits.length).toBeGreaterThan(0)
})

test('acknowledged before they run, it sees tasks that never end', { timeout: 120_000 }, async () => {
  // Only kills lose tasks then; enough of them that some find a worker with tasks.
  const { unfinished } = await killRun({ ...short, kills: 8, pauses: 0, mutant: 'ack-before-run' })
  expect(unfinished.length).toBeGreaterThan(0)
})
