// One Redis for all tests here, found or started as those of the driver find or start it.
import type { TestProject } from 'vitest/node'
import { missingRedis, startRedis, type TestRedis } from './services/redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly redis: { readonly url: string; readonly missing?: string }
  }
}

let server: TestRedis | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const missing = missingRedis()
  if (missing === undefined) server = await startRedis()
  provide('redis', { url: server?.url ?? 'redis://none.invalid', ...(missing ? { missing } : {}) })
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
