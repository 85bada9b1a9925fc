import { describeBackend } from '@tq/conformance/vitest'
import { backendHarness } from './harness.ts'

describeBackend(backendHarness())
