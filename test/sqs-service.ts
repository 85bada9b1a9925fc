// One SQS for all tests here, found or started as those of the driver find or start it.
import type { TestProject } from 'vitest/node'
import { startSqs } from '../packages/sqs/test/services/fauxqs.ts'
import type { TestSqs } from '../packages/sqs/test/services/test-sqs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly sqs: { readonly endpoint: string }
  }
}

let service: TestSqs | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  service = await startSqs()
  provide('sqs', { endpoint: service.endpoint })
}

export async function teardown(): Promise<void> {
  await service?.stop()
}
