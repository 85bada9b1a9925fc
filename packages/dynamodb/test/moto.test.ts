import { backendSuite, missingCases, runSuite, type Suite } from '@tq/conformance'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backendHarness } from './harness.ts'
import { missingMoto, startMoto, type TestDynamodb } from './services/dynamodb.ts'

const missing = process.env['TQ_TEST_TIER'] === 'full' ? missingMoto() : 'slow: with TQ_TEST_TIER=full'

/** As much longer may a case take: a call takes moto some ten times as long as others. */
const patience = 6

/** What the ids begin with. */
const groups = [...new Set(backendSuite(backendHarness()).cases.map(({ id }) => groupOf(id)))]

// A second opinion: the emulators are wrong in different places.
describe.skipIf(missing)(`on moto${missing ? ` (${missing})` : ''}`, () => {
  let service: TestDynamodb
  beforeAll(async () => {
    service = await startMoto()
  }, 60_000)
  afterAll(() => service.stop())

  // A table for each group, since moto looks at every item of a table to answer a query; two cases at a time, as it
  // does one thing after the other.
  test.each(groups)('every promise of %s', { timeout: 1_800_000 }, async (group) => {
    const own = patient(backendSuite(backendHarness('dynamodb-moto', async () => ({ ...service, stop }))))
    const suite = { ...own, cases: own.cases.filter(({ id }) => groupOf(id) === group) }
    const report = await runSuite(suite, { concurrency: 2 })
    const late = report.failed.map(({ id }) => id)
    // What measures times of half a second is not right where a call takes that long: such a case may ask again, alone.
    const alone = await runSuite(suite, { concurrency: 1, only: late })
    const held = report.passed.length + alone.passed.length
    console.log(`${group}: ${held} of ${suite.cases.length} held, alone: ${late.join(' ') || 'none'}`)
    expect(alone.failed).toEqual([])
    expect(missingCases(suite, report)).toEqual([])
    expect(held).toBeGreaterThan(0)
  })
})

/** It goes on for the next group. */
async function stop(): Promise<void> {}

function groupOf(id: string): string {
  return id.split('/')[0] ?? id
}

function patient(suite: Suite): Suite {
  return {
    ...suite,
    cases: suite.cases.map((one) => ({ ...one, timeoutMs: patience * (one.timeoutMs ?? 20_000) })),
  }
}
