// The tasks of the night. `tq worker -A src/tasks.ts` runs them.
import { createApp, type Priority, type Settled, type TaskContext, type } from '@tq/core'
import { isUnlucky, nightPlan } from './plan.ts'
import { type NightReport, summarise } from './summary.ts'

/** The broker is nobody's business here: TQ_BROKER_URL and TQ_BACKEND_URL choose it where the app is deployed. */
export const app = createApp({
  // A thousand tasks go out at once, to whatever backend keeps note of them.
  publishTimeout: '1m',
})

/** One account's part of the night. */
export interface Account {
  readonly number: number
  /** What it was sent with: how urgent its customer is. */
  readonly priority: Priority
}

/** What becomes of it. */
export interface Outcome {
  readonly task: 'settle' | 'fetch' | 'print'
  readonly priority: Priority
  readonly attempts: number
  readonly endedAt: number
}

/** The bulk: adds up an account. The ledger is busy now and then, and not for long. */
export const settle = app.task({
  name: 'nightly.settle',
  input: type<Account>(),
  queue: 'accounts',
  retry: { maxRetries: 3, backoff: { base: '100ms', max: '2s' } },
  run: ({ number, priority }, ctx): Outcome => {
    if (isUnlucky(number) && ctx.attempt === 0) throw new Error('the ledger is busy')
    return outcome('settle', priority, ctx)
  },
})

/** Asks somebody else's service, which allows so many calls a second and no more. */
export const fetchRate = app.task({
  name: 'nightly.fetch-rate',
  input: type<Account>(),
  queue: 'rates',
  rateLimit: `${nightPlan.callsPerSecond}/s`,
  run: ({ priority }, ctx): Outcome => outcome('fetch', priority, ctx),
})

/**
 * Prints a statement with a library that we do not trust: some inputs keep it busy for ever. In a process of its own it
 * can be ended, and the others go on; more than a few at once are too many for the machine.
 */
export const printStatement = app.task({
  name: 'nightly.print-statement',
  input: type<Account>(),
  queue: 'statements',
  isolate: 'process',
  timeLimit: '4s', // the start of a process included, on a busy machine too
  concurrency: 4,
  retry: { maxRetries: 0 },
  run: ({ number, priority }, ctx): Outcome => {
    while (nightPlan.isEndless(number));
    return outcome('print', priority, ctx)
  },
})

/** Once, when the last account is done, whatever became of it. */
export const report = app.task({
  name: 'nightly.report',
  input: type<readonly Settled<Outcome>[]>(),
  queue: 'accounts',
  priority: 9,
  run: (accounts): NightReport => summarise(accounts),
})

function outcome(task: Outcome['task'], priority: Priority, { attempt }: TaskContext): Outcome {
  return { task, priority, attempts: attempt + 1, endedAt: Date.now() }
}
