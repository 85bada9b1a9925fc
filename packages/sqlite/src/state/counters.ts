import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

const add = `INSERT INTO tq_counts (namespace, key, field, value, expires) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (namespace, key, field) DO UPDATE SET
    value = CASE WHEN expires > ?6 THEN value + ?4 ELSE ?4 END, expires = ?5`
const select = `SELECT c.key, c.field, c.value FROM json_each(?3) AS wanted
  JOIN tq_counts AS c ON c.namespace = ?1 AND c.key = wanted.value WHERE c.expires > ?2`

export function addCounts(
  transaction: Transaction,
  namespace: number,
  key: string,
  fields: Readonly<Record<string, number>>,
  ttlMs: number,
): void {
  const { now, time } = transaction
  const expires = time.after(ttlMs, now)
  for (const [field, value] of Object.entries(fields)) {
    transaction.run(add, namespace, key, field, value, expires, now)
  }
}

/** One object of sums per key, in order. */
export function readCounts(
  database: Database,
  now: number,
  namespace: number,
  keys: readonly string[],
): readonly Readonly<Record<string, number>>[] {
  const rows = database.all<{ key: string; field: string; value: number }>(
    select,
    namespace,
    now,
    JSON.stringify([...new Set(keys)]),
  )
  const sums = new Map<string, [string, number][]>()
  for (const { key, field, value } of rows) {
    const known = sums.get(key)
    if (known) known.push([field, value])
    else sums.set(key, [[field, value]])
  }
  return keys.map((key) => Object.fromEntries(sums.get(key) ?? []))
}
