import type { Connection } from '../connection.ts'
import type { Sql } from '../statement.ts'

const time: Sql = 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS now'

/** Milliseconds since 1970 by the server's clock. */
export async function readTime(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ now: number }>(time, [])
  return rows[0]?.now ?? Number.NaN
}
