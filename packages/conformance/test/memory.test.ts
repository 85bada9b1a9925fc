import { describe } from 'vitest'
import { describeBackend, describeBroker, describeStore } from '../src/vitest.ts'
import { memoryHarness } from './memory-harness.ts'

describe.each(['real', 'virtual'] as const)('memory on %s time', (time) => {
  const { broker, backend, store } = memoryHarness(time)
  describeBroker(broker)
  describeBackend(backend)
  describeStore(store)
})
