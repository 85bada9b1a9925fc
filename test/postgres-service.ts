// One PostgreSQL for all tests here, found or started as those of the driver find or start it.
import type { TestProject } from 'vitest/node'
import {
  missingPostgres,
  startPostgres,
  type TestPostgres,
} from '../packages/postgres/test/services/postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: { readonly url: string; readonly missing?: string }
  }
}

let server: TestPostgres | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const missing = missingPostgres()
  if (missing === undefined) server = await startPostgres()
  const url = server
    ? `${server.url}${server.url.includes('?') ? '&' : '?'}connections=4`
    : 'postgres://none.invalid/tq'
  provide('postgres', { url, ...(missing ? { missing } : {}) })
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
