import { afterAll, describe, test } from 'vitest'
import { backendSuite } from './backend-suite.ts'
import { brokerSuite } from './broker-suite.ts'
import { defaultTimeoutMs } from './case.ts'
import type { BackendHarness, BrokerHarness, PayloadHarness, StoreHarness } from './harness.ts'
import { payloadSuite } from './payload-suite.ts'
import { writeReport } from './report-file.ts'
import { type CaseOutcome, missingCases, mostAttempts, runPatiently, summarise } from './run.ts'
import { storeSuite } from './store-suite.ts'
import type { Suite, SuiteCase } from './suite.ts'

/**
 * Every broker case as one vitest test, named by its id.
 *
 * @example
 * import { describeBroker } from '@tq/conformance/vitest'
 * import { harness } from './harness.ts'
 * describeBroker(harness())
 */
export function describeBroker(harness: BrokerHarness): void {
  describeSuite(brokerSuite(harness))
}

/**
 * Every case of results and state as one vitest test, named by its id.
 *
 * @example describeBackend(harness())
 */
export function describeBackend(harness: BackendHarness): void {
  describeSuite(backendSuite(harness))
}

/**
 * Every case of a broker and a backend in one store as one vitest test, named by its id.
 *
 * @example describeStore(harness())
 */
export function describeStore(harness: StoreHarness): void {
  describeSuite(storeSuite(harness))
}

/**
 * Every case of a payload store as one vitest test, named by its id.
 *
 * @example describePayloads(harness())
 */
export function describePayloads(harness: PayloadHarness): void {
  describeSuite(payloadSuite(harness))
}

/** Teardown and the probe get this much more than the case itself, so that the case's own message is seen. */
const graceMs = 10_000

function describeSuite(suite: Suite): void {
  const outcomes = new Map<string, CaseOutcome>()
  const register = (one: SuiteCase) => {
    const timeout = mostAttempts * ((one.timeoutMs ?? defaultTimeoutMs) + graceMs)
    test(one.id, { timeout }, async ({ skip }) => {
      const outcome = await runPatiently(suite, one)
      outcomes.set(one.id, outcome)
      if (outcome.status === 'not-applicable') skip(outcome.reason)
      if (outcome.status === 'failed') throw promiseBroken(one, outcome.error)
    })
  }
  describe(`${suite.suite} conformance: ${suite.name}`, () => {
    // Cases have queues and keys of their own, so they wait side by side unless they share a virtual clock.
    const together = suite.virtual ? describe : describe.concurrent
    together('cases', () => {
      for (const one of suite.cases) if (!one.exclusive) register(one)
    })
    for (const one of suite.cases) if (one.exclusive) register(one)
    // A test and not a hook, so that a run of a few chosen cases does not fail by it.
    test('every expected case ran', async ({ expect }) => {
      const report = await summarise(suite, outcomes)
      await writeReport(report)
      expect(missingCases(suite, report)).toEqual([])
    })
    afterAll(async () => {
      await suite.dispose()
    })
  })
}

/** The promise comes first: it is what the reader has to know. */
function promiseBroken(one: SuiteCase, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  error.message = `${one.promise}\n${error.message}`
  return error
}
