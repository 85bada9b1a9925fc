// What tests of applications and of drivers import.
export { memory } from './memory/adapter.ts'
export { type StartTestingOptions, startTesting, type Testing } from './testing/start-testing.ts'
export type { Faults, SentTask } from './testing/test-broker.ts'
export { createVirtualClock, type VirtualClock } from './testing/virtual-clock.ts'
