import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Millis } from '@tq/core/driver'
import { attribute, type Item, numberOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { endOf, removedAfter } from '../time-to-live.ts'

/*
 * The places of a key are one item: a map of holders, and a revision that rises with every change, so that places are
 * given out only as they were counted. A fencing number is the time in microseconds, or one more than the last.
 */

const microseconds = 1_000
/** Names of a map must not be empty. */
const mark = '='
const namesFor = (holder: string) => ({
  '#holders': 'holders',
  '#holder': `${mark}${holder}`,
  '#expires': 'expires',
  '#revision': 'revision',
})

interface Place {
  readonly number: number
  readonly expires: number
}

/** A place and its fencing number; undefined when all are taken. */
export async function acquirePlace(
  connection: Connection,
  key: string,
  holder: string,
  { limit, ttlMs }: { readonly limit: number; readonly ttlMs: Millis },
): Promise<number | undefined> {
  const own = connection.keys.single('place', key)
  const startedAt = connection.clock.monotonic()
  let item = await connection.get(own)
  for (let attempt = 0; ; attempt++) {
    const now = connection.now()
    const places = placesOf(item)
    const alive = [...places].filter(([, { expires }]) => expires > now.earliest)
    const known = alive.find(([name]) => name === holder)?.[1]
    if (!known && alive.length >= limit) return undefined
    const number =
      known?.number ?? Math.max(Math.floor(now.latest * microseconds), (numberOf(item, 'last') || 0) + 1)
    const next = new Map([...alive, [holder, { number, expires: endOf(now, ttlMs) }] as const])
    const outcome = await connection.tryPut(own, itemOf(item, next, number), conditionOf(item))
    if (outcome.done) return number
    item = outcome.item
    await connection.pauseOrFail(attempt, startedAt, key)
  }
}

export async function renewPlace(
  connection: Connection,
  key: string,
  holder: string,
  ttlMs: Millis,
): Promise<boolean> {
  const now = connection.now()
  const expires = endOf(now, ttlMs)
  const renew = (further: { readonly set: string; readonly condition: string; readonly values: Item }) =>
    connection.tryUpdate(connection.keys.single('place', key), {
      UpdateExpression: `SET #holders.#holder.#expires = :expires, #revision = #revision + :one${further.set}`,
      ConditionExpression: `#holders.#holder.#expires > :earliest${further.condition}`,
      ExpressionAttributeNames: {
        ...namesFor(holder),
        ...(further.set === '' ? {} : { '#ttl': 'ttl' }),
      },
      ExpressionAttributeValues: {
        ':expires': attribute(expires),
        ':one': attribute(1),
        ':earliest': attribute(now.earliest),
        ...further.values,
      },
    })
  // The item has to outlive all its places: its end is only put off.
  const later = { ':ttl': attribute(removedAfter(expires)) }
  const last = await renew({ set: ', #ttl = :ttl', condition: ' AND #ttl < :ttl', values: later })
  if (last.done) return true
  if (!((placesOf(last.item).get(holder)?.expires ?? 0) > now.earliest)) return false
  return (await renew({ set: '', condition: '', values: {} })).done
}

export async function releasePlace(connection: Connection, key: string, holder: string): Promise<boolean> {
  const { earliest } = connection.now()
  const done = await connection.decide(connection.keys.single('place', key), {
    UpdateExpression: 'SET #revision = #revision + :one REMOVE #holders.#holder',
    ConditionExpression: '#holders.#holder.#expires > :earliest',
    ExpressionAttributeNames: namesFor(holder),
    ExpressionAttributeValues: { ':one': attribute(1), ':earliest': attribute(earliest) },
  })
  return done !== undefined
}

export async function holdersOf(connection: Connection, key: string): Promise<readonly string[]> {
  const item = await connection.get(connection.keys.single('place', key))
  const { earliest } = connection.now()
  return [...placesOf(item)].filter(([, { expires }]) => expires > earliest).map(([holder]) => holder)
}

function placesOf(item: Item | undefined): ReadonlyMap<string, Place> {
  const holders = Object.entries(item?.['holders']?.M ?? {})
  return new Map(
    holders.map(([name, { M }]) => [
      name.slice(mark.length),
      { number: numberOf(M, 'number'), expires: numberOf(M, 'expires') },
    ]),
  )
}

/** All places as they will be. */
function itemOf(item: Item | undefined, places: ReadonlyMap<string, Place>, number: number): Item {
  const holders: Record<string, AttributeValue> = {}
  let until = 0
  for (const [holder, { number: own, expires }] of places) {
    holders[`${mark}${holder}`] = { M: { number: attribute(own), expires: attribute(expires) } }
    until = Math.max(until, expires)
  }
  return {
    holders: { M: holders },
    last: attribute(Math.max(number, numberOf(item, 'last') || 0)),
    revision: attribute((numberOf(item, 'revision') || 0) + 1),
    ttl: attribute(removedAfter(until)),
  }
}

/** That nothing has changed since the item was read. */
function conditionOf(item: Item | undefined) {
  if (!item) return { ConditionExpression: 'attribute_not_exists(pk)' }
  return {
    ConditionExpression: '#revision = :revision',
    ExpressionAttributeNames: { '#revision': 'revision' },
    ExpressionAttributeValues: { ':revision': attribute(numberOf(item, 'revision')) },
  }
}
