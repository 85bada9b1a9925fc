import { describeBackend } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { backendHarness } from './harness.ts'
import { missingMoto, startMoto } from './services/dynamodb.ts'

const missing = missingMoto()

// A second opinion: the emulators are wrong in different places.
describe.skipIf(missing)(`on moto${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBackend(backendHarness('dynamodb-moto', startMoto))
})
