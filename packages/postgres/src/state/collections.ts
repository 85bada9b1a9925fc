import type { CollectionPage } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, ms, type Sql, sweepable } from '../statement.ts'
import { fromStored, toStored } from '../text.ts'
import { type Changed, watched } from './changed.ts'

/** $1 namespace, $2 collection, $3 member, $4 value, $5 ttl */
const store: Sql = `INSERT INTO @.members AS m (namespace, collection, member, value, expires, sweep)
  VALUES ($1, $2, $3, $4, ${after('$5::double precision')}, ${sweepable(after('$5::double precision'))})
  ON CONFLICT (namespace, collection, member) DO UPDATE SET
    value = excluded.value, expires = excluded.expires, sweep = excluded.sweep
  RETURNING ${watched} AS watched`
const remove: Sql = `DELETE FROM @.members AS m
  WHERE m.namespace = $1 AND m.collection = $2 AND m.member = $3 AND m.expires > now()
  RETURNING ${watched} AS watched`
/** In the order of the members' bytes: whatever comes or goes, a walk meets each once. $3 after which, $4 how many */
const select = (start: Sql): Sql => `SELECT member, value FROM @.members
  WHERE namespace = $1 AND collection = $2 AND expires > now() AND member ${start} $3 ORDER BY member LIMIT $4`
const first = select('>=')
const following = select('>')

export async function addMember(
  connection: Connection,
  collection: string,
  member: string,
  value: string,
  ttlMs: number,
): Promise<Changed<void>> {
  const { rows } = await connection.run<{ watched: boolean }>(store, [
    toStored(collection),
    toStored(member),
    toStored(value),
    ms(ttlMs),
  ])
  return { outcome: undefined, watched: rows[0]?.watched ?? false, changes: 1 }
}

export async function removeMember(
  connection: Connection,
  collection: string,
  member: string,
): Promise<Changed<boolean>> {
  const { rows, count } = await connection.run<{ watched: boolean }>(remove, [
    toStored(collection),
    toStored(member),
  ])
  return { outcome: count === 1, watched: rows[0]?.watched ?? false, changes: count }
}

export async function pageOfMembers(
  connection: Connection,
  collection: string,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): Promise<CollectionPage> {
  // A cursor is marked, so that the member with the empty name makes one, too.
  const { rows } = await connection.run<{ member: string; value: string }>(
    cursor === undefined ? first : following,
    [toStored(collection), cursor === undefined ? '' : cursor.slice(1), limit],
  )
  const last = rows.at(-1)
  return {
    members: rows.map(({ member, value }) => ({ member: fromStored(member), value: fromStored(value) })),
    next: last && rows.length === limit ? `>${last.member}` : undefined,
  }
}
