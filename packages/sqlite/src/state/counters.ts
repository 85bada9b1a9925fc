import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

const add = `INSERT INTO tq_counts (namespace, key, field, value, expires) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (namespace, key, field) DO UPDATE SET
    value = CASE WHEN tq_counts.expires > ? THEN value + excluded.value ELSE excluded.value END,
    expires = excluded.expires`
const select = `SELECT c.key, c.field, c.value FROM json_each(?) AS wanted
  JOIN tq_counts AS c ON c.namespace = ? AND c.key = wanted.value WHERE c.expires > ?`

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
    JSON.stringify([...new Set(keys)]),
    namespace,
    now,
  )
  const sums = new Map<string, [string, number][]>()
  for (const { key, field, value } of rows) {
    const known = sums.get(key)
    if (known) known.push([field, value])
    else sums.set(key, [[field, value]])
  }
  return keys.map((key) => Object.fromEntries(sums.get(key) ?? []))
}
