import type { DueItem, Millis, ParkedItem } from '@tq/core/driver'
import { attributes, type Item, numberOf, placeholders, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { memberOf } from '../keys.ts'
import { dueIndex } from '../table.ts'
import { endOf } from '../time-to-live.ts'

/*
 * A lot is a partition key, its items' keys the sort keys. `due` is when an item is seen: indexed, and put off while it
 * is leased. `since` is when it was due at first.
 */

export async function parkItem(
  connection: Connection,
  lot: string,
  { key, value }: ParkedItem,
  delayMs: Millis,
): Promise<void> {
  const now = connection.now()
  // At once means at once, whoever asks.
  const due = delayMs > 0 ? endOf(now, delayMs) : Math.floor(now.earliest)
  await connection.put(connection.keys.member('lot', lot, key), attributes({ value, due, since: due }))
}

/** Up to `limit` that are due, hidden from others for a while. Of those who see the same ones, one gets each. */
export async function takeDue(
  connection: Connection,
  lot: string,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: Millis },
): Promise<readonly DueItem[]> {
  const condition = '#pk = :pk AND #due <= :earliest'
  const { earliest } = connection.now()
  const { Items = [] } = await connection.query({
    IndexName: dueIndex,
    KeyConditionExpression: condition,
    Limit: limit,
    ...placeholders({ pk: connection.keys.partition('lot', lot), earliest }, condition),
  })
  const taken = await connection.all(Items, (item) => hide(connection, lot, item, leaseMs))
  const now = connection.now()
  return taken
    .filter((item) => item !== undefined)
    .map((item) => ({
      key: memberOf(textOf(item, 'sk')),
      value: textOf(item, 'value'),
      overdueMs: Math.max(0, now.earliest - numberOf(item, 'since')),
    }))
    .sort((one, other) => other.overdueMs - one.overdueMs)
}

/** The item, unless somebody else was faster. */
async function hide(
  connection: Connection,
  lot: string,
  seen: Item,
  leaseMs: Millis,
): Promise<Item | undefined> {
  const set = 'SET #due = :until'
  const condition = '#due = :due'
  const values = { until: endOf(connection.now(), leaseMs), due: numberOf(seen, 'due') }
  const key = connection.keys.member('lot', lot, memberOf(textOf(seen, 'sk')))
  const done = await connection.decide(key, {
    UpdateExpression: set,
    ConditionExpression: condition,
    ReturnValues: 'ALL_NEW',
    ...placeholders(values, set, condition),
  })
  return done?.Attributes
}

export async function unparkItems(
  connection: Connection,
  lot: string,
  keys: readonly string[],
): Promise<number> {
  const gone = await connection.all([...new Set(keys)], (key) =>
    connection.delete(connection.keys.member('lot', lot, key)),
  )
  return gone.filter((item) => item !== undefined).length
}
