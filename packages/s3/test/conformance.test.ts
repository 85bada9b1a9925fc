import { describePayloads } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { payloadHarness } from './harness.ts'
import { missingMoto, startMoto } from './services/s3.ts'

describePayloads(payloadHarness())

const missing = process.env['TQ_TEST_TIER'] === 'full' ? missingMoto() : 'slow: with TQ_TEST_TIER=full'

// A second opinion: the emulators are wrong in different places.
describe.skipIf(missing)(`on moto${missing ? ` (${missing})` : ''}`, () => {
  describePayloads(payloadHarness('s3-moto', startMoto))
})
