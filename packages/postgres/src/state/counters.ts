import type { Connection } from '../connection.ts'
import { after, ms, type Sql, sweepable, unsynced } from '../statement.ts'
import { fromStored, storedTexts, toStored } from '../text.ts'

/** In the order of the fields, so that two calls never wait for each other. $2 key, $3 fields, $4 values, $5 ttl */
const add: Sql = `INSERT INTO @.counts AS c (namespace, key, field, value, expires, sweep)
  SELECT $1, $2, i.field, i.value, ${after('$5::double precision')}, ${sweepable(after('$5::double precision'))}
  FROM unnest($3::text[], $4::double precision[]) AS i(field, value) ORDER BY i.field COLLATE "C"
  ON CONFLICT (namespace, key, field) DO UPDATE SET
    value = CASE WHEN c.expires > now() THEN c.value + excluded.value ELSE excluded.value END,
    expires = excluded.expires, sweep = excluded.sweep
  RETURNING ${unsynced}`
const select: Sql = `SELECT key, field, value FROM @.counts
  WHERE namespace = $1 AND key = ANY ($2::text[]) AND expires > now()`

export async function addCounts(
  connection: Connection,
  key: string,
  fields: Readonly<Record<string, number>>,
  ttlMs: number,
): Promise<number> {
  const names = storedTexts(Object.keys(fields))
  const { count } = await connection.run(add, [toStored(key), names, Object.values(fields), ms(ttlMs)])
  return count
}

/** One object of sums per key, in order. */
export async function readCounts(
  connection: Connection,
  keys: readonly string[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const { rows } = await connection.run<{ key: string; field: string; value: number }>(select, [
    storedTexts(keys),
  ])
  const sums = new Map<string, [string, number][]>()
  for (const { key, field, value } of rows) {
    const sum: [string, number] = [fromStored(field), value]
    const known = sums.get(fromStored(key))
    if (known) known.push(sum)
    else sums.set(fromStored(key), [sum])
  }
  return keys.map((key) => Object.fromEntries(sums.get(key) ?? []))
}
