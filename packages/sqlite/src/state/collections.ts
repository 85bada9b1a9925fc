import type { CollectionPage } from '@tq/core/driver'
import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

const store = `INSERT INTO tq_members (namespace, collection, member, expires, value) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (namespace, collection, member) DO UPDATE SET expires = excluded.expires, value = excluded.value`
const remove = 'DELETE FROM tq_members WHERE namespace = ? AND collection = ? AND member = ? AND expires > ?'
/** In the order of the members' bytes: whatever comes or goes, a walk meets each once. */
const first = `SELECT member, value FROM tq_members
  WHERE namespace = ? AND collection = ? AND expires > ? ORDER BY member LIMIT ?`
const following = `SELECT member, value FROM tq_members
  WHERE namespace = ? AND collection = ? AND expires > ? AND member > ? ORDER BY member LIMIT ?`

export function addMember(
  transaction: Transaction,
  namespace: number,
  collection: string,
  member: string,
  value: string,
  ttlMs: number,
): void {
  transaction.run(store, namespace, collection, member, transaction.time.after(ttlMs, transaction.now), value)
}

export function removeMember(
  transaction: Transaction,
  namespace: number,
  collection: string,
  member: string,
): boolean {
  return transaction.run(remove, namespace, collection, member, transaction.now) === 1
}

export function pageOfMembers(
  database: Database,
  now: number,
  namespace: number,
  collection: string,
  options: { readonly cursor?: string; readonly limit: number },
): CollectionPage {
  const { cursor, limit } = options
  const common = [namespace, collection, now] as const
  type Member = CollectionPage['members'][number]
  const rows =
    cursor === undefined
      ? database.all<Member>(first, ...common, limit)
      : database.all<Member>(following, ...common, cursor.slice(1), limit)
  const last = rows.at(-1)
  return {
    members: rows.map(({ member, value }) => ({ member, value })),
    // Marked, so that the member with the empty name makes a cursor, too.
    next: last && rows.length === limit ? `>${last.member}` : undefined,
  }
}
