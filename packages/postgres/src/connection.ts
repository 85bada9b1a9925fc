import { type Clock, TqError } from '@tq/core/driver'
import { Client, type ClientConfig, Pool, type QueryResultRow } from 'pg'
import { isDemoted, isSilence } from './classify.ts'
import { ClosedError } from './errors.ts'
import { checkLayout, migrate } from './migrations.ts'
import type { ResolvedOptions } from './options.ts'
import { type Sql, Statements } from './statement.ts'

/** What a statement answered. */
export interface Answer<Row> {
  readonly rows: readonly Row[]
  /** How many rows were changed or read. */
  readonly count: number
}

/** The pool of one backend, and its namespace. Runs statements; repeats nothing. */
export class Connection {
  readonly clock: Clock
  readonly namespaceName: string
  readonly #options: ResolvedOptions
  readonly #statements: Statements
  #pool: Pool | undefined
  #namespace: number | undefined
  #opening: Promise<void> | undefined
  #closed = false
  /** Told how many rows a statement changed. */
  onWrite: ((rows: number) => void) | undefined

  constructor(options: ResolvedOptions, namespace: string, clock: Clock) {
    this.#options = options
    this.namespaceName = namespace
    this.#statements = new Statements(options.schema)
    this.clock = clock
  }

  get schema(): string {
    return this.#options.schema
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }

  /** Idempotent. Rejects when the server cannot be reached or used; may be called again then. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw this.#closed ? new ClosedError() : error
    })
    return this.#opening
  }

  /** Runs a statement whose first parameter is the namespace. */
  async run<Row extends QueryResultRow>(sql: Sql, values: readonly unknown[]): Promise<Answer<Row>> {
    const namespace = this.#namespace
    if (this.#closed) throw new ClosedError()
    if (namespace === undefined) throw new Error('call open() first')
    return await this.query<Row>(sql, [namespace, ...values])
  }

  /** Runs any statement. */
  async query<Row extends QueryResultRow>(sql: Sql, values: readonly unknown[]): Promise<Answer<Row>> {
    const pool = this.#pool
    if (this.#closed) throw new ClosedError()
    if (!pool) throw new Error('call open() first')
    const { name, text } = this.#statements.of(sql)
    const asked = { name, text, values: [...values], query_timeout: this.#options.timeoutMs }
    try {
      const { rows, rowCount } = await pool.query<Row>(asked)
      return { rows, count: rowCount ?? 0 }
    } catch (error) {
      if (this.#closed) throw new ClosedError()
      if (isSilence(error) || isDemoted(error)) this.#renew(pool)
      throw error
    }
  }

  /** A statement changed so many rows. */
  wrote(rows: number): void {
    if (rows > 0) this.onWrite?.(rows)
  }

  /** A further connection like those of the pool, not connected. Whoever asks ends it. */
  another(): Client {
    if (this.#closed || !this.#pool) throw new ClosedError()
    const { options } = this.#pool as unknown as { readonly options: ClientConfig }
    // By reference: a pool hides the password from copies.
    return new Client(options)
  }

  /** Idempotent. What is under way fails. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#pool && !this.#options.pool) await end(this.#pool)
  }

  async #open(): Promise<void> {
    if (this.#closed) throw new ClosedError()
    const { pool: given, schema, migrate: may } = this.#options
    this.#pool ??= given ?? this.#newPool()
    const pool = this.#pool
    await checkServer(pool)
    await (may ? migrate(pool, schema) : checkLayout(pool, schema))
    const { rows } = await this.query<{ id: number }>(named, [this.namespaceName])
    const id = rows[0]?.id ?? (await this.query<{ id: number }>(name, [this.namespaceName])).rows[0]?.id
    if (id === undefined) throw new Error('PostgreSQL returned no number for the namespace')
    this.#namespace = id
  }

  #newPool(): Pool {
    const pool = new Pool(this.#options.config)
    // Without a listener the end of an idle connection would end the process; what fails is told by the calls themselves.
    pool.on('error', () => {})
    return pool
  }

  /**
   * A connection that lies in a black hole is not alone there: all of them are let go, so that not each costs somebody a
   * timeout.
   */
  #renew(pool: Pool): void {
    if (this.#options.pool || this.#pool !== pool || this.#closed) return
    this.#pool = this.#newPool()
    void end(pool)
  }
}

const named = 'SELECT id FROM @.namespaces WHERE name = $1'
/** Changes nothing where another process was faster, and answers all the same. */
const name = `INSERT INTO @.namespaces (name) VALUES ($1)
  ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id`

async function end(pool: Pool): Promise<void> {
  await pool.end().catch(() => {})
}

/** @throws TqError `INVALID_OPTION` when this server would not keep our promises */
async function checkServer(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ version: number; encoding: string; isolation: string }>(
    `SELECT current_setting('server_version_num')::integer AS version,
      current_setting('server_encoding') AS encoding, current_setting('transaction_isolation') AS isolation`,
  )
  const [server] = rows
  if (!server) return
  const { version, encoding, isolation } = server
  if (version < 130_000) throw unfit(`PostgreSQL 13 or newer is needed, this one is ${version}`)
  if (encoding !== 'UTF8') throw unfit(`the database's encoding is ${encoding}; tq needs UTF8`)
  if (isolation !== 'read committed') {
    throw unfit(
      `default_transaction_isolation is '${isolation}'; tq needs 'read committed', which can be set for its role alone`,
    )
  }
}

function unfit(reason: string): TqError {
  return new TqError('INVALID_OPTION', `this PostgreSQL cannot be used: ${reason}.`)
}
