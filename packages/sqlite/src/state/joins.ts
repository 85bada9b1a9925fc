import type { CollectionPage, JoinProgress, JoinReport } from '@tq/core/driver'
import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

interface Join {
  readonly id: number
  readonly sealed: number
  readonly total: number
  readonly done: number
}

const find = `SELECT id, sealed, total, done FROM tq_joins WHERE namespace = ? AND name = ? AND expires > ?`
const create = `INSERT INTO tq_joins (namespace, name, sealed, total, done, expires) VALUES (?, ?, 0, 0, 0, ?)
  RETURNING id, sealed, total, done`
const name = `INSERT INTO tq_children (parent, child)
  SELECT ?, value FROM json_each(?) WHERE true ORDER BY key ON CONFLICT DO NOTHING`
const grow = 'UPDATE tq_joins SET total = total + ?, sealed = ?, expires = max(expires, ?) WHERE id = ?'
const report = 'UPDATE tq_children SET value = ? WHERE parent = ? AND child = ? AND value IS NULL'
const raise = 'UPDATE tq_joins SET done = done + 1 WHERE id = ? RETURNING id, sealed, total, done'

/** Names more children of a join that is not sealed. */
export function expectChildren(
  transaction: Transaction,
  namespace: number,
  join: string,
  children: readonly string[],
  options: { readonly ttlMs: number; readonly sealed: boolean },
): JoinProgress {
  const expires = transaction.time.after(options.ttlMs, transaction.now)
  const known = findJoin(transaction, namespace, join) ?? createJoin(transaction, namespace, join, expires)
  if (known.sealed) return progressOf(known, false)
  const added = transaction.run(name, known.id, JSON.stringify(children))
  const sealed = options.sealed ? 1 : 0
  transaction.run(grow, added, sealed, expires, known.id)
  return progressOf({ ...known, sealed, total: known.total + added }, false)
}

export function reportChild(
  transaction: Transaction,
  namespace: number,
  { join, child, value }: JoinReport,
): JoinProgress {
  const known = findJoin(transaction, namespace, join)
  if (!known) return { added: false, done: 0, total: 0, complete: false }
  const added = transaction.run(report, value, known.id, child) === 1
  return progressOf(added ? (transaction.get<Join>(raise, known.id) ?? known) : known, added)
}

function progressOf({ done, total, sealed }: Join, added: boolean): JoinProgress {
  return { added, done, total, complete: sealed === 1 && done === total }
}

const joined = `SELECT place, child, value FROM tq_children
  WHERE parent = ? AND value IS NOT NULL AND place > ? ORDER BY place LIMIT ?`

export function pageOfJoined(
  database: Database,
  now: number,
  namespace: number,
  join: string,
  options: { readonly cursor?: string; readonly limit: number },
): CollectionPage {
  const known = database.get<Join>(find, namespace, join, now)
  if (!known) return { members: [], next: undefined }
  const { cursor = '0', limit } = options
  const rows = database.all<{ place: number; child: string; value: string }>(
    joined,
    known.id,
    Number(cursor),
    limit,
  )
  const last = rows.at(-1)
  return {
    members: rows.map(({ child, value }) => ({ member: child, value })),
    next: last && rows.length === limit ? String(last.place) : undefined,
  }
}

function findJoin(transaction: Transaction, namespace: number, join: string): Join | undefined {
  return transaction.get<Join>(find, namespace, join, transaction.now)
}

function createJoin(transaction: Transaction, namespace: number, join: string, expires: number): Join {
  // What has expired and is not swept yet gives the name free; the sweeper still finds it and its children.
  transaction.run('UPDATE tq_joins SET namespace = -id WHERE namespace = ? AND name = ?', namespace, join)
  const created = transaction.get<Join>(create, namespace, join, expires)
  if (!created) throw new Error('SQLite returned no row for a new join')
  return created
}
