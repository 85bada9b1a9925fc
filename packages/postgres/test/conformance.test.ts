import { describeBackend } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { backendHarness } from './harness.ts'
import { missingPostgres } from './services/postgres.ts'

const missing = missingPostgres()

describe.skipIf(missing)(`postgres${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBackend(backendHarness())
})
