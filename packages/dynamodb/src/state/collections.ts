import type { CollectionPage, Millis } from '@tq/core/driver'
import { attributes, numberOf, placeholders, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { memberOf, sortKey } from '../keys.ts'
import { endOf, removedAfter } from '../time-to-live.ts'

/* A collection is a partition key, its members the sort keys: in the order of their bytes, whatever comes or goes. */

export async function addMember(
  connection: Connection,
  collection: string,
  member: string,
  value: string,
  ttlMs: Millis,
): Promise<void> {
  const expires = endOf(connection.now(), ttlMs)
  const item = attributes({ value, expires, ttl: removedAfter(expires) })
  await connection.put(connection.keys.member('member', collection, member), item)
}

export async function removeMember(
  connection: Connection,
  collection: string,
  member: string,
): Promise<boolean> {
  const old = await connection.delete(connection.keys.member('member', collection, member))
  return numberOf(old, 'expires') > connection.now().earliest
}

export async function pageOfMembers(
  connection: Connection,
  collection: string,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): Promise<CollectionPage> {
  const pk = connection.keys.partition('member', collection)
  const condition = cursor === undefined ? '#pk = :pk' : '#pk = :pk AND #sk > :after'
  const values = { pk, ...(cursor === undefined ? {} : { after: sortKey(cursor.slice(1)) }) }
  const { Items = [], LastEvaluatedKey } = await connection.query({
    KeyConditionExpression: condition,
    Limit: limit,
    ...placeholders(values, condition),
  })
  const { earliest } = connection.now()
  const alive = Items.filter((item) => numberOf(item, 'expires') > earliest)
  return {
    members: alive.map((item) => ({ member: memberOf(textOf(item, 'sk')), value: textOf(item, 'value') })),
    // A cursor is marked, so that the member with the empty name makes one, too.
    next: LastEvaluatedKey ? `>${memberOf(textOf(LastEvaluatedKey, 'sk'))}` : undefined,
  }
}
