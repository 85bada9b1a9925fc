import { backendSuite, missingCases, runSuite } from '@tq/conformance'
import { describe, expect, test } from 'vitest'
import { backendHarness } from './harness.ts'
import { missingMoto, startMoto } from './services/dynamodb.ts'

const missing = process.env['TQ_TEST_TIER'] === 'full' ? missingMoto() : 'slow: with TQ_TEST_TIER=full'

// A second opinion: the emulators are wrong in different places. Few cases at a time, since it is slow.
describe.skipIf(missing)(`on moto${missing ? ` (${missing})` : ''}`, () => {
  test('every promise of a backend', { timeout: 600_000 }, async () => {
    const suite = backendSuite(backendHarness('dynamodb-moto', startMoto))
    try {
      const report = await runSuite(suite, { concurrency: 2 })
      expect(report.failed).toEqual([])
      expect(missingCases(suite, report)).toEqual([])
      expect(report.passed.length).toBeGreaterThan(80)
    } finally {
      await suite.dispose()
    }
  })
})
