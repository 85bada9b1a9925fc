import { monitorEventLoopDelay } from 'node:perf_hooks'
import { defaultTimeoutMs } from './case.ts'
import type { Suite, SuiteCase } from './suite.ts'

/** What a run found; plain data, fit for JSON. */
export interface ConformanceReport {
  readonly suite: Suite['suite']
  /** The harness's name. */
  readonly name: string
  /** Capabilities and optional members that decided what applies. */
  readonly offers: unknown
  /** Ids of cases that held. */
  readonly passed: readonly string[]
  readonly failed: readonly { readonly id: string; readonly promise: string; readonly error: string }[]
  readonly notApplicable: readonly { readonly id: string; readonly reason: string }[]
}

/** How to run a suite. */
export interface RunOptions {
  /** Ids of the cases to run. Default: all. */
  readonly only?: readonly string[]
  /** How many cases at a time, where time is real. Default 8. */
  readonly concurrency?: number
}

/** How one case ended. */
export type CaseOutcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly error: unknown }
  | { readonly status: 'not-applicable'; readonly reason: string }

/**
 * Runs cases without a test framework. Each has bounded time; none stops the others. Does not dispose the
 * harness.
 *
 * @example
 * const report = await runSuite(brokerSuite(harness))
 * console.log(report.failed)
 */
export async function runSuite(suite: Suite, options: RunOptions = {}): Promise<ConformanceReport> {
  const chosen = suite.cases.filter(({ id }) => options.only?.includes(id) ?? true)
  const outcomes = new Map<string, CaseOutcome>()
  const together = chosen.filter(({ exclusive }) => !exclusive)
  const work = async () => {
    for (let next = together.shift(); next; next = together.shift())
      outcomes.set(next.id, await runPatiently(suite, next))
  }
  const workers = suite.virtual ? 1 : (options.concurrency ?? 8)
  await Promise.all(Array.from({ length: workers }, work))
  for (const one of chosen) if (one.exclusive) outcomes.set(one.id, await runPatiently(suite, one))
  return await summarise(suite, outcomes)
}

/** A machine that stood still for so long says nothing of promises that are kept in tenths of a second. */
const stallMs = 150
/** How often a case may be tried on such a machine. */
export const mostAttempts = 3

/** Runs one case; where time is real, once more when it failed while this process did not get its turn. Never rejects. */
export async function runPatiently(
  { virtual }: Pick<Suite, 'virtual'>,
  one: SuiteCase,
): Promise<CaseOutcome> {
  for (let attempt = 1; ; attempt++) {
    const stalls = monitorEventLoopDelay({ resolution: 10 })
    stalls.enable()
    const outcome = await runCase(one)
    stalls.disable()
    const isSure = virtual || stalls.max / 1e6 < stallMs || attempt === mostAttempts
    if (outcome.status !== 'failed' || isSure) return outcome
  }
}

/** Runs one case within its time; never rejects. */
export async function runCase(one: SuiteCase): Promise<CaseOutcome> {
  const limit = one.timeoutMs ?? defaultTimeoutMs
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${limit} ms`)), limit)
  })
  try {
    const reason = await Promise.race([one.whyNotApplicable(), tooLong])
    if (reason !== undefined) return { status: 'not-applicable', reason }
    await Promise.race([one.run(), tooLong])
    return { status: 'passed' }
  } catch (error) {
    return { status: 'failed', error }
  } finally {
    clearTimeout(timer)
  }
}

/** Puts outcomes into a report, in the order of the suite. */
export async function summarise(
  suite: Suite,
  outcomes: ReadonlyMap<string, CaseOutcome>,
): Promise<ConformanceReport> {
  const passed: string[] = []
  const failed: { id: string; promise: string; error: string }[] = []
  const notApplicable: { id: string; reason: string }[] = []
  for (const { id, promise } of suite.cases) {
    const outcome = outcomes.get(id)
    if (outcome?.status === 'passed') passed.push(id)
    if (outcome?.status === 'failed') failed.push({ id, promise, error: messageOf(outcome.error) })
    if (outcome?.status === 'not-applicable') notApplicable.push({ id, reason: outcome.reason })
  }
  const offers = await suite.offers().catch(() => undefined)
  return { suite: suite.suite, name: suite.name, offers, passed, failed, notApplicable }
}

/**
 * Ids of cases that a report says nothing of: they were expected and did not run.
 *
 * @example if (missingCases(suite, report).length > 0) process.exitCode = 1
 */
export function missingCases(suite: Suite, report: ConformanceReport): readonly string[] {
  const told = new Set([
    ...report.passed,
    ...report.failed.map(({ id }) => id),
    ...report.notApplicable.map(({ id }) => id),
  ])
  return suite.cases.map(({ id }) => id).filter((id) => !told.has(id))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
