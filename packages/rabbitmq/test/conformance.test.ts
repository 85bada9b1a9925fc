import { describeBroker } from '@tq/conformance/vitest'
import { describe } from 'vitest'
import { harness } from './harness.ts'
import { missingRabbit } from './services/rabbitmq.ts'

const missing = missingRabbit()

describe.skipIf(missing)(`rabbitmq${missing ? ` (${missing})` : ''}`, () => {
  if (missing) return
  describeBroker(harness())
})
