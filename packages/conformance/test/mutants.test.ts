import type { Adapter } from '@tq/core/driver'
import { describe, expect, test } from 'vitest'
import { backendSuite, brokerSuite, runSuite, type Suite, storeSuite } from '../src/index.ts'
import { memoryHarness } from './memory-harness.ts'
import { changingMutants } from './mutants/changing.ts'
import { committingMutants } from './mutants/committing.ts'
import { delayMutants } from './mutants/delays.ts'
import { deliveringMutants } from './mutants/delivering.ts'
import { fencingMutants } from './mutants/fencing.ts'
import { limitMutants } from './mutants/limits.ts'
import { type Mutant, onBroker, onReceiver, onResults, onState } from './mutants/mutant.ts'
import { priorityMutants } from './mutants/priorities.ts'
import { publishingMutants } from './mutants/publishing.ts'
import { resultMutants } from './mutants/results.ts'
import { settlingMutants } from './mutants/settling.ts'
import { stateMutants } from './mutants/state.ts'

// Who tests the tests: each of these breaks one promise, and one case, by name, has to notice.

const suites: readonly (readonly [string, readonly Mutant[], (wrap: Mutant['wrap']) => Suite])[] = [
  [
    'broker',
    [
      ...settlingMutants,
      ...fencingMutants,
      ...deliveringMutants,
      ...publishingMutants,
      ...delayMutants,
      ...priorityMutants,
      ...changingMutants,
    ],
    (wrap) => brokerSuite(memoryHarness('virtual', wrap).broker),
  ],
  [
    'backend',
    [...resultMutants, ...stateMutants, ...limitMutants],
    (wrap) => backendSuite(memoryHarness('virtual', wrap).backend),
  ],
  ['store', committingMutants, (wrap) => storeSuite(memoryHarness('virtual', wrap).store)],
]

/** Everything wrapped as the mutants do it, and nothing changed. */
function unchanged(adapter: Adapter): Adapter {
  const wraps = [onBroker(() => ({})), onReceiver(() => ({})), onResults(() => ({})), onState(() => ({}))]
  return wraps.reduce((wrapped, wrap) => wrap(wrapped), adapter)
}

describe.each(suites)('mutants of the %s', (_, mutants, suiteOf) => {
  test('wrapping alone breaks nothing', { timeout: 60_000 }, async () => {
    const report = await runSuite(suiteOf(unchanged))
    expect(report.failed).toEqual([])
    const caught = mutants.map(({ caughtBy }) => caughtBy)
    expect(report.passed).toEqual(expect.arrayContaining(caught))
  })

  test.each(mutants)('$name: caught by $caughtBy', { timeout: 30_000 }, async ({ caughtBy, wrap }) => {
    const report = await runSuite(suiteOf(wrap), { only: [caughtBy] })
    expect(report.failed.map(({ id }) => id)).toEqual([caughtBy])
    // By what it asserts, not because it hung or because the mutant itself is broken.
    expect(report.failed[0]?.error).toContain('AssertionError')
  })
})
