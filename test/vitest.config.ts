import { project } from '../vitest.shared.ts'

// Real processes and services: slower than a package's own tests.
export default project('test', {
  testTimeout: 60_000,
  hookTimeout: 120_000,
  globalSetup: [
    '../packages/dashboard/test/build-ui.ts',
    './services/images.ts',
    './redis-service.ts',
    './sqs-service.ts',
    './postgres-service.ts',
    './rabbitmq-service.ts',
    './dynamodb-service.ts',
  ],
})
