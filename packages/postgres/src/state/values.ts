import type { Versioned } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, ms, type Sql, sweepable } from '../statement.ts'
import { fromStored, storedTexts, toStored } from '../text.ts'
import { type Changed, watched } from './changed.ts'

const select: Sql = `SELECT key, value, version FROM @.values
  WHERE namespace = $1 AND key = ANY ($2::text[]) AND expires > now()`

/** $1 namespace, $2 key, $3 value, $4 ttl */
const store = (
  condition: Sql,
): Sql => `INSERT INTO @.values AS v (namespace, key, version, value, expires, sweep)
  VALUES ($1, $2, nextval('@.numbers'), $3, ${after('$4::double precision')},
    ${sweepable(after('$4::double precision'))})
  ON CONFLICT (namespace, key) DO UPDATE SET
    -- Asked for once more: by now the row is ours, so that the number is above the one it has.
    version = nextval('@.numbers'), value = excluded.value, expires = excluded.expires, sweep = excluded.sweep
  ${condition}
  RETURNING v.version, ${watched} AS watched`
const storeAnyway = store('')
const storeIfAbsent = store('WHERE v.expires <= now()')
/** $5 version */
const storeIfVersion: Sql = `UPDATE @.values AS v SET version = nextval('@.numbers'), value = $3,
    expires = ${after('$4::double precision')}, sweep = ${sweepable(after('$4::double precision'))}
  WHERE v.namespace = $1 AND v.key = $2 AND v.version = $5 AND v.expires > now()
  RETURNING v.version, ${watched} AS watched`

/** $3 version, or NULL for any */
const remove: Sql = `DELETE FROM @.values AS v
  WHERE v.namespace = $1 AND v.key = $2 AND v.expires > now() AND v.version = coalesce($3::bigint, v.version)
  RETURNING ${watched} AS watched`

/** By key; those that are absent or expired are missing. */
export async function readValues(
  connection: Connection,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Versioned>> {
  const { rows } = await connection.run<{ key: string; value: string; version: string }>(select, [
    storedTexts(keys),
  ])
  return new Map(
    rows.map(({ key, value, version }) => [
      fromStored(key),
      { value: fromStored(value), version: Number(version) },
    ]),
  )
}

export async function putValue(
  connection: Connection,
  key: string,
  value: string,
  options: { readonly ttlMs: number; readonly ifAbsent?: boolean; readonly ifVersion?: number },
): Promise<Changed<Versioned | 'conflict'>> {
  const { ttlMs, ifAbsent = false, ifVersion } = options
  const common = [toStored(key), toStored(value), ms(ttlMs)]
  const { rows } =
    ifVersion === undefined
      ? await connection.run<Stored>(ifAbsent ? storeIfAbsent : storeAnyway, common)
      : await connection.run<Stored>(storeIfVersion, [...common, ifAbsent ? -1 : ifVersion])
  const [stored] = rows
  if (!stored) return { outcome: 'conflict', watched: false, changes: 0 }
  const { version, watched: tell } = stored
  return { outcome: { value, version: Number(version) }, watched: tell, changes: 1 }
}

export async function deleteValue(
  connection: Connection,
  key: string,
  ifVersion: number | undefined,
): Promise<Changed<boolean>> {
  const { rows, count } = await connection.run<{ watched: boolean }>(remove, [toStored(key), ifVersion])
  return { outcome: count === 1, watched: rows[0]?.watched ?? false, changes: count }
}

interface Stored {
  readonly version: string
  readonly watched: boolean
}
