import { project } from '../../vitest.shared.ts'

// Frameworks, a browser, real workers: slower than most packages' tests.
export default project('dashboard', {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  globalSetup: ['./test/build-ui.ts'],
})
