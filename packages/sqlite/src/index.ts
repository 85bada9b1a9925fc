import type { Adapter } from '@tq/core/driver'
import { SqliteBackend } from './backend.ts'
import { SqliteBroker } from './broker.ts'
import { resolveOptions, type SqliteOptions } from './options.ts'

export type { SqliteOptions, Synchronous } from './options.ts'

/**
 * Broker and backend in a file, for several processes on one machine.
 *
 * @example createApp({ adapters: [sqlite({ synchronous: 'normal' })], broker: 'sqlite:./tasks.db' })
 */
export function sqlite(options: SqliteOptions = {}): Adapter {
  return {
    name: 'sqlite',
    schemes: ['sqlite'],
    createBroker: (url, context) => new SqliteBroker(resolveOptions(url, options), context),
    createBackend: (url, context) => new SqliteBackend(resolveOptions(url, options), context),
  }
}

/** With the defaults, found by core through the URL scheme. */
export const adapter: Adapter = sqlite()
