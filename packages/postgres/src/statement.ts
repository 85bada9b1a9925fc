import { createHash } from 'node:crypto'
import { escapeIdentifier } from 'pg'

/** SQL whose tables are written `@.table`; the schema takes the place of `@`. */
export type Sql = string

/** The SQL for a schema. */
export function inSchema(sql: Sql, schema: string): string {
  return sql.replaceAll('@.', `${escapeIdentifier(schema)}.`)
}

/** A prepared statement: parsed and planned once per connection. */
export interface Prepared {
  readonly name: string
  readonly text: string
}

/** Prepares statements for one schema, each once. */
export class Statements {
  readonly #schema: string
  readonly #known = new Map<Sql, Prepared>()

  constructor(schema: string) {
    this.#schema = schema
  }

  of(sql: Sql): Prepared {
    const known = this.#known.get(sql)
    if (known) return known
    const text = inSchema(sql, this.#schema)
    // Named by its text: other schemas and other versions of this package may share a connection.
    const name = `tq_${shortHash(text)}`
    const prepared = { name, text }
    this.#known.set(sql, prepared)
    return prepared
  }
}

/** Stands for a text where PostgreSQL allows 63 characters. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24)
}

/** The end of a time to live, by the server's clock. */
export function after(milliseconds: Sql): Sql {
  return `now() + ${milliseconds} * interval '1 millisecond'`
}

/**
 * When the sweeper may take a row: some time after its end, and rounded to minutes, so that most renewals leave the
 * index alone (PostgreSQL then updates in place).
 */
export function sweepable(end: Sql): Sql {
  return `date_trunc('minute', ${end}) + interval '2 minutes'`
}

/** In a RETURNING: this change need not be synced to disk before it is answered. */
export const unsynced: Sql = `set_config('synchronous_commit', 'off', true)`

/** PostgreSQL keeps whole numbers of milliseconds for us; longer than four thousand years is for ever. */
export function ms(duration: number): number {
  return Math.min(2 ** 47, Math.max(0, duration))
}
