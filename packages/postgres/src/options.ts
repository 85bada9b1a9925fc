import { invalidUrl, type Millis } from '@tq/core/driver'
import type { Pool, PoolConfig } from 'pg'

/** How this adapter reaches PostgreSQL. A URL's own `?name=value` goes first. */
export interface PostgresOptions {
  /**
   * A pool of the application. It is used as it is and never ended; its own timeouts and size rule. For hints one more
   * connection is made like it.
   */
  readonly pool?: Pool
  /** Where the tables are. @default 'tq' */
  readonly schema?: string
  /** Whether `open` makes or updates the schema. Without, it only checks. @default true */
  readonly migrate?: boolean
  /** The most connections, besides one for hints. @default 10 */
  readonly connections?: number
  /** A query, or the wait for a connection, that takes longer has failed. @default 4_500 */
  readonly timeoutMs?: Millis
  /** More settings of `pg` for connections made by URL: TLS certificates, a password function. The URL goes first. */
  readonly connection?: PoolConfig
}

/** Everything about one schema, from a URL and the adapter's options. */
export interface ResolvedOptions {
  readonly pool: Pool | undefined
  /** Of the pool that is made; empty where one was handed in. */
  readonly config: PoolConfig
  readonly schema: string
  readonly migrate: boolean
  readonly timeoutMs: Millis
}

/** Settings of libpq that `pg` reads from a URL. */
const passedOn = new Set([
  'application_name',
  'host',
  'options',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslrootcert',
  'uselibpqcompat',
])
const ours = ['schema', 'migrate', 'connections', 'timeoutMs'] as const
/** The server gives up a little earlier than the client, so that what failed is not done later all the same. */
const serverEarlierMs: Millis = 500

/**
 * Reads `postgres://user:password@host:5432/database?schema=tq`, also `postgresql:`. With a pool handed in, `postgres:`
 * is enough.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: PostgresOptions): ResolvedOptions {
  const mark = url.indexOf('?')
  const base = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const named = fromQuery(query, url)
  const { schema = 'tq', migrate = true, connections = 10, timeoutMs = 4_500 } = { ...given, ...named }
  if (!/^[a-z_][a-z0-9_$]{0,62}$/i.test(schema) || /^pg_/i.test(schema)) {
    throw invalidUrl(
      url,
      `schema is '${schema}'; use letters, digits and _, at most 63, not beginning with pg_`,
    )
  }
  if (typeof migrate !== 'boolean')
    throw invalidUrl(url, `migrate is '${String(migrate)}'; use true or false`)
  if (!Number.isInteger(connections) || connections < 1) {
    throw invalidUrl(url, `connections is '${connections}'; use a whole number from 1 on`)
  }
  if (!(timeoutMs >= 1_000 && timeoutMs < 2 ** 31)) {
    throw invalidUrl(url, `timeoutMs is '${timeoutMs}'; use a number of milliseconds from 1000 on`)
  }
  if (given.pool) return { pool: given.pool, config: {}, schema, migrate, timeoutMs }
  checkPlace(base, query, url)
  const rest = String(query)
  const config: PoolConfig = {
    application_name: 'tq',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idleTimeoutMillis: 60_000,
    ...given.connection,
    connectionString: rest === '' ? base : `${base}?${rest}`,
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs - serverEarlierMs,
  }
  return { pool: undefined, config, schema, migrate, timeoutMs }
}

/** Takes our own settings out of the query. */
function fromQuery(query: URLSearchParams, url: string): PostgresOptions {
  const named: { -readonly [Name in (typeof ours)[number]]?: PostgresOptions[Name] } = {}
  for (const [name, value] of [...query]) {
    if (passedOn.has(name)) continue
    if (name === 'schema') named.schema = value
    else if (name === 'migrate' && (value === 'true' || value === 'false')) named.migrate = value === 'true'
    else if (name === 'migrate') throw invalidUrl(url, `migrate is '${value}'; use true or false`)
    else if (name === 'connections' || name === 'timeoutMs')
      named[name] = value === '' ? Number.NaN : Number(value)
    else throw invalidUrl(url, `'${name}' is no option. There are: ${[...ours, ...passedOn].join(', ')}`)
    query.delete(name)
  }
  return named
}

function checkPlace(base: string, query: URLSearchParams, url: string): void {
  const [, authority, path] = /^postgres(?:ql)?:\/\/([^/]*)(\/.*)?$/i.exec(base) ?? []
  if (authority === undefined) throw invalidUrl(url, 'write postgres://user:password@host:5432/database')
  if ((path ?? '/') === '/') throw invalidUrl(url, 'it names no database. Write postgres://host/database')
  try {
    decodeURIComponent(base)
  } catch {
    throw invalidUrl(url, "a '%' in it starts no valid escape. Write %25 for a percent sign")
  }
  if (authority === '' && !query.has('host')) {
    throw invalidUrl(
      url,
      'it names no host. Write postgres://host/database, or ?host=/run/postgresql for a socket',
    )
  }
}
