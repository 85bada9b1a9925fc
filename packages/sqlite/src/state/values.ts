import type { Versioned } from '@tq/core/driver'
import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

const select = `SELECT v.key, v.value, v.version FROM json_each(?) AS wanted
  JOIN tq_values AS v ON v.namespace = ? AND v.key = wanted.value WHERE v.expires > ?`
const current = 'SELECT version FROM tq_values WHERE namespace = ? AND key = ? AND expires > ?'
const store = `INSERT INTO tq_values (namespace, key, version, expires, value) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (namespace, key) DO UPDATE SET
    version = excluded.version, expires = excluded.expires, value = excluded.value`

/** By key; those that are absent or expired are missing. */
export function readValues(
  database: Database,
  now: number,
  namespace: number,
  keys: readonly string[],
): ReadonlyMap<string, Versioned> {
  const rows = database.all<Versioned & { key: string }>(select, JSON.stringify(keys), namespace, now)
  return new Map(rows.map(({ key, value, version }) => [key, { value, version }]))
}

export function putValue(
  transaction: Transaction,
  namespace: number,
  key: string,
  value: string,
  options: { readonly ttlMs: number; readonly ifAbsent?: boolean; readonly ifVersion?: number },
): Versioned | 'conflict' {
  const { now, time } = transaction
  if (options.ifAbsent || options.ifVersion !== undefined) {
    const version = transaction.get<{ version: number }>(current, namespace, key, now)?.version
    if (options.ifAbsent && version !== undefined) return 'conflict'
    if (options.ifVersion !== undefined && version !== options.ifVersion) return 'conflict'
  }
  // From one sequence for all keys: a version never comes back, also after a key was gone.
  const version = transaction.nextNumber()
  transaction.run(store, namespace, key, version, time.after(options.ttlMs, now), value)
  return { value, version }
}

export function deleteValue(
  transaction: Transaction,
  namespace: number,
  key: string,
  ifVersion: number | undefined,
): boolean {
  const { now } = transaction
  const version = transaction.get<{ version: number }>(current, namespace, key, now)?.version
  if (version === undefined || (ifVersion !== undefined && version !== ifVersion)) return false
  return transaction.run('DELETE FROM tq_values WHERE namespace = ? AND key = ?', namespace, key) === 1
}
