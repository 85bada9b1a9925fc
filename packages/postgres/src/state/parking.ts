import type { DueItem, Millis, ParkedItem } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, ms, type Sql, unsynced } from '../statement.ts'
import { fromStored, storedTexts, toStored } from '../text.ts'

/** $2 lot, $3 key, $4 value, $5 delay */
const store: Sql = `INSERT INTO @.parked AS p (namespace, lot, key, due, seen, value)
  VALUES ($1, $2, $3, ${after('$5::double precision')}, ${after('$5::double precision')}, $4)
  ON CONFLICT (namespace, lot, key) DO UPDATE SET due = excluded.due, seen = excluded.seen, value = excluded.value`
/** What others are just taking is theirs: nobody waits. $2 lot, $3 how many, $4 for how long they are hidden */
const take: Sql = `WITH picked AS MATERIALIZED (
    SELECT key FROM @.parked WHERE namespace = $1 AND lot = $2 AND seen <= now()
    ORDER BY seen LIMIT $3 FOR UPDATE SKIP LOCKED)
  UPDATE @.parked AS p SET seen = ${after('$4::double precision')} FROM picked
  WHERE p.namespace = $1 AND p.lot = $2 AND p.key = picked.key
  RETURNING p.key, p.value, (extract(epoch FROM now() - p.due) * 1000)::double precision AS overdue, ${unsynced}`
/** In the order of the keys, so that two calls never wait for each other. $2 lot, $3 keys */
const remove: Sql = `WITH locked AS MATERIALIZED (
    SELECT key FROM @.parked WHERE namespace = $1 AND lot = $2 AND key = ANY ($3::text[]) ORDER BY key FOR UPDATE)
  DELETE FROM @.parked AS p USING locked WHERE p.namespace = $1 AND p.lot = $2 AND p.key = locked.key`

export async function parkItem(
  connection: Connection,
  lot: string,
  { key, value }: ParkedItem,
  delayMs: Millis,
): Promise<void> {
  await connection.run(store, [toStored(lot), toStored(key), toStored(value), ms(delayMs)])
}

/** Up to `limit` that are due, hidden from others for a while. */
export async function takeDue(
  connection: Connection,
  lot: string,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: Millis },
): Promise<readonly DueItem[]> {
  const { rows } = await connection.run<{ key: string; value: string; overdue: number }>(take, [
    toStored(lot),
    limit,
    ms(leaseMs),
  ])
  return rows
    .map(({ key, value, overdue }) => ({
      key: fromStored(key),
      value: fromStored(value),
      overdueMs: Math.max(0, overdue),
    }))
    .sort((one, other) => other.overdueMs - one.overdueMs)
}

export async function unparkItems(
  connection: Connection,
  lot: string,
  keys: readonly string[],
): Promise<number> {
  return (await connection.run(remove, [toStored(lot), storedTexts(keys)])).count
}
