import type { Adapter } from '@tq/core/driver'
import { PostgresBackend } from './backend.ts'
import { type PostgresOptions, resolveOptions } from './options.ts'

export { migrationSql } from './migrations.ts'
export type { PostgresOptions } from './options.ts'

/**
 * Results and state on PostgreSQL.
 *
 * @example createApp({ adapters: [postgres({ pool })], broker: 'redis://localhost', backend: 'postgres:' })
 */
export function postgres(options: PostgresOptions = {}): Adapter {
  return {
    name: 'postgres',
    schemes: ['postgres', 'postgresql'],
    createBackend: (url, context) => new PostgresBackend(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = postgres()
