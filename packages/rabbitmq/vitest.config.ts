import { project } from '../../vitest.shared.ts'

export default project('rabbitmq', {
  hookTimeout: 60_000,
  globalSetup: '../../test/services/images.ts',
})
