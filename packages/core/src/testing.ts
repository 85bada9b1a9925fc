// What tests of applications and of drivers import.
export { memory } from './memory/adapter.ts'
export { createVirtualClock, type VirtualClock } from './util/virtual-clock.ts'
