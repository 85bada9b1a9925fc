import type { Millis } from '@tq/core/driver'
import { attribute, type Item, numberOf, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { inParts } from '../parallel.ts'
import { endOf, removedAfter } from '../time-to-live.ts'

/** Numbers are attributes of the item, behind a mark that tells them from ours. */
const mark = '='
/** An expression has 4 kB. */
const mostFields = 50

export async function addCounts(
  connection: Connection,
  key: string,
  fields: Readonly<Record<string, number>>,
  ttlMs: Millis,
): Promise<void> {
  connection.check()
  for (const part of inParts(Object.entries(fields), mostFields)) await addPart(connection, key, part, ttlMs)
}

/** Adds where something is counted that has not expired; else begins anew. */
async function addPart(
  connection: Connection,
  key: string,
  fields: readonly (readonly [name: string, value: number])[],
  ttlMs: Millis,
): Promise<void> {
  const startedAt = connection.clock.monotonic()
  const own = connection.keys.single('count', key)
  for (let attempt = 0; ; attempt++) {
    const now = connection.now()
    const expires = endOf(now, ttlMs)
    const ends: Item = { ':expires': attribute(expires), ':ttl': attribute(removedAfter(expires)) }
    const added = await connection.decide(own, {
      UpdateExpression: `ADD ${fields.map((_, at) => `#f${at} :f${at}`).join(', ')} SET #expires = :expires, #ttl = :ttl`,
      ConditionExpression: '#expires > :earliest',
      ExpressionAttributeNames: {
        '#expires': 'expires',
        '#ttl': 'ttl',
        ...Object.fromEntries(fields.map(([name], at) => [`#f${at}`, `${mark}${name}`])),
      },
      ExpressionAttributeValues: {
        ...ends,
        ':earliest': attribute(now.earliest),
        ...Object.fromEntries(fields.map(([, value], at) => [`:f${at}`, attribute(value)])),
      },
    })
    if (added) return
    const item: Item = { expires: attribute(expires), ttl: attribute(removedAfter(expires)) }
    for (const [name, value] of fields) item[`${mark}${name}`] = attribute(value)
    const begun = await connection.tryPut(own, item, {
      ConditionExpression: 'attribute_not_exists(pk) OR #expires <= :earliest',
      ExpressionAttributeNames: { '#expires': 'expires' },
      ExpressionAttributeValues: { ':earliest': attribute(now.earliest) },
    })
    if (begun.done) return
    await connection.pauseOrFail(attempt, startedAt, key)
  }
}

/** One object of sums per key, in order. */
export async function readCounts(
  connection: Connection,
  keys: readonly string[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const wanted = new Map([...new Set(keys)].map((key) => [key, connection.keys.single('count', key)]))
  const items = await connection.getMany([...wanted.values()])
  const { earliest } = connection.now()
  const alive = items.filter((item) => numberOf(item, 'expires') > earliest)
  const byKey = new Map(alive.map((item) => [textOf(item, 'pk'), countsOf(item)]))
  return keys.map((key) => byKey.get(wanted.get(key)?.pk.S ?? '') ?? {})
}

function countsOf(item: Item): Readonly<Record<string, number>> {
  const counts = Object.entries(item).filter(([name]) => name.startsWith(mark))
  return Object.fromEntries(counts.map(([name, { N }]) => [name.slice(mark.length), Number(N)]))
}
