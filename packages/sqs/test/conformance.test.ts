import { describeBroker } from '@tq/conformance/vitest'
import { harness } from './harness.ts'

describeBroker(harness())
