import { TqError } from '@tq/core/driver'
import { escapeIdentifier, type Pool } from 'pg'
import { type Migration, migrations } from './layout.ts'
import { inSchema, type Sql } from './statement.ts'

/** Others may be migrating: longer than anything else here. */
const patienceMs = 60_000

const versionTable: Sql = `CREATE TABLE IF NOT EXISTS @.layout (
  version integer PRIMARY KEY,
  oldest integer NOT NULL,
  applied timestamptz NOT NULL DEFAULT now()
)`

/** What `open` runs where it may not do so itself: everything, or what comes after a version. */
export function migrationSql(schema = 'tq', afterVersion = 0): string {
  const steps = migrations.filter(({ version }) => version > afterVersion)
  return inSchema(
    [
      `CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)};`,
      `${versionTable};`,
      ...steps.map(({ version, oldest, sql }) => `${sql}\n${applied(version, oldest)};`),
    ].join('\n'),
    schema,
  )
}

/** Makes or updates the schema; any number of processes may do so at once. */
export async function migrate(pool: Pool, schema: string): Promise<void> {
  if (await isReady(pool, schema)) return
  const client = await pool.connect()
  // Named on its own: a pool of the application has other limits.
  const run = (text: string) => client.query({ text, query_timeout: patienceMs } as { readonly text: string })
  let failure: Error | undefined
  try {
    await run('BEGIN ISOLATION LEVEL READ COMMITTED')
    await run(`SET LOCAL statement_timeout = ${patienceMs}`)
    await run(`SELECT pg_advisory_xact_lock(hashtextextended('tq migrations of ${schema}', 0))`)
    if (!(await exists(run, schema))) await run(`CREATE SCHEMA ${escapeIdentifier(schema)}`)
    await run(inSchema(versionTable, schema))
    const { rows } = await run(inSchema('SELECT max(version) AS version FROM @.layout', schema))
    const current = (rows[0] as { readonly version: number | null } | undefined)?.version ?? 0
    for (const { version, oldest, sql } of migrations) {
      if (version > current) await run(inSchema(`${sql};${applied(version, oldest)}`, schema))
    }
    await run('COMMIT')
  } catch (error) {
    failure = error as Error
    throw error
  } finally {
    // A connection in the midst of a transaction is not given back.
    client.release(failure)
  }
}

/** @throws TqError `INVALID_OPTION` when the schema is not there or does not fit */
export async function checkLayout(pool: Pool, schema: string): Promise<void> {
  if (await isReady(pool, schema)) return
  throw new TqError(
    'INVALID_OPTION',
    `the schema '${schema}' is not there, or older than this version of @tq/postgres. Let it migrate (migrate=true), or run what migrationSql('${schema}') gives`,
  )
}

/** Whether the layout is ours, or a later one that we can work with. */
async function isReady(pool: Pool, schema: string): Promise<boolean> {
  const { version: ours } = migrations.at(-1) as Migration
  const { rows: tables } = await pool.query('SELECT to_regclass($1) IS NOT NULL AS known', [
    inSchema('@.layout', schema),
  ])
  if (!(tables[0] as { readonly known: boolean } | undefined)?.known) return false
  const { rows } = await pool.query(
    inSchema('SELECT version, oldest FROM @.layout ORDER BY version DESC LIMIT 1', schema),
  )
  const known = rows[0] as Pick<Migration, 'version' | 'oldest'> | undefined
  if (known && known.oldest > ours) {
    throw new TqError(
      'INVALID_OPTION',
      `the schema '${schema}' has version ${known.version} of the layout, which this version of @tq/postgres does not know (${ours}). Update it`,
    )
  }
  return known !== undefined && known.version >= ours
}

async function exists(
  run: (text: string) => Promise<{ readonly rows: readonly unknown[] }>,
  schema: string,
): Promise<boolean> {
  // The schema's name is checked: no quote in it.
  const { rows } = await run(`SELECT 1 FROM pg_namespace WHERE nspname = '${schema}'`)
  return rows.length > 0
}

function applied(version: number, oldest: number): Sql {
  return `INSERT INTO @.layout (version, oldest) VALUES (${version}, ${oldest})`
}
