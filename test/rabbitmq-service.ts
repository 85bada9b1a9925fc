// One RabbitMQ for all tests here, found or started as those of the driver find or start it.
import type { TestProject } from 'vitest/node'
import { missingRabbit, startRabbit, type TestRabbit } from '../packages/rabbitmq/test/services/rabbitmq.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly rabbitmq: { readonly url: string; readonly missing?: string }
  }
}

let server: TestRabbit | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const missing = missingRabbit()
  if (missing === undefined) server = await startRabbit()
  provide('rabbitmq', { url: server?.url ?? 'amqp://none.invalid', ...(missing ? { missing } : {}) })
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
