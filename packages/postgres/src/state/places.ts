import type { Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, ms, type Sql, sweepable, unsynced } from '../statement.ts'
import { fromStored, toStored } from '../text.ts'

const acquire: Sql = 'SELECT @.acquire($1, $2, $3, $4, $5) AS number'
/** $2 key, $3 holder, $4 for how long */
const keep: Sql = `UPDATE @.places SET expires = ${after('$4::double precision')},
    sweep = ${sweepable(after('$4::double precision'))}
  WHERE namespace = $1 AND key = $2 AND holder = $3 AND expires > now() RETURNING ${unsynced}`
const leave: Sql = `DELETE FROM @.places
  WHERE namespace = $1 AND key = $2 AND holder = $3 AND expires > now() RETURNING ${unsynced}`
const select: Sql = `SELECT holder FROM @.places
  WHERE namespace = $1 AND key = $2 AND expires > now() ORDER BY number`

/** A place and its fencing number; undefined when all are taken. */
export async function acquirePlace(
  connection: Connection,
  key: string,
  holder: string,
  { limit, ttlMs }: { readonly limit: number; readonly ttlMs: Millis },
): Promise<number | undefined> {
  const { rows } = await connection.run<{ number: string | null }>(acquire, [
    toStored(key),
    toStored(holder),
    // More places than an integer counts are as good as no limit.
    Math.min(2 ** 31 - 1, Math.floor(limit)),
    ms(ttlMs),
  ])
  const number = rows[0]?.number ?? undefined
  return number === undefined ? undefined : Number(number)
}

export async function renewPlace(
  connection: Connection,
  key: string,
  holder: string,
  ttlMs: Millis,
): Promise<boolean> {
  return (await connection.run(keep, [toStored(key), toStored(holder), ms(ttlMs)])).count === 1
}

export async function releasePlace(connection: Connection, key: string, holder: string): Promise<boolean> {
  return (await connection.run(leave, [toStored(key), toStored(holder)])).count === 1
}

export async function holdersOf(connection: Connection, key: string): Promise<readonly string[]> {
  const { rows } = await connection.run<{ holder: string }>(select, [toStored(key)])
  return rows.map(({ holder }) => fromStored(holder))
}
