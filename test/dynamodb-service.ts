// One DynamoDB for all tests here: the emulator that those of the driver start.
import type { TestProject } from 'vitest/node'
import { startDynamodb, type TestDynamodb } from '../packages/dynamodb/test/services/dynamodb.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly dynamodb: { readonly url: string }
  }
}

let service: TestDynamodb | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  service = await startDynamodb()
  // Any credentials will do for an emulator.
  // A worker is told as soon as elsewhere: it costs nothing here.
  const options = `createTable=true&timeoutMs=20000&heartbeatMs=2000&endpoint=${encodeURIComponent(service.endpoint)}`
  provide('dynamodb', { url: `dynamodb://key:secret@eu-central-1/features?${options}` })
}

export async function teardown(): Promise<void> {
  await service?.stop()
}
