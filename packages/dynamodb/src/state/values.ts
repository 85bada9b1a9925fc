import type { Millis, Versioned } from '@tq/core/driver'
import { type Item, line, numberOf, placeholders, textOf } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { endOf, removedAfter } from '../time-to-live.ts'

/** What was deleted is remembered so long, so that its versions do not come back. */
const buriedMs: Millis = 3_600_000
const microseconds = 1_000

/** By key; those that are absent or expired are missing. */
export async function readValues(
  connection: Connection,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Versioned>> {
  const wanted = new Map([...new Set(keys)].map((key) => [key, connection.keys.single('value', key)]))
  const items = await connection.getMany([...wanted.values()])
  const { earliest } = connection.now()
  const alive = items.filter((item) => numberOf(item, 'expires') > earliest)
  const byKey = new Map(alive.map((item) => [textOf(item, 'pk'), versioned(item)]))
  const found = new Map<string, Versioned>()
  for (const [key, { pk }] of wanted) {
    const value = byKey.get(pk.S)
    if (value) found.set(key, value)
  }
  return found
}

export async function putValue(
  connection: Connection,
  key: string,
  value: string,
  options: { readonly ttlMs: Millis; readonly ifAbsent?: boolean; readonly ifVersion?: number },
): Promise<Versioned | 'conflict'> {
  const { ttlMs, ifAbsent = false, ifVersion } = options
  const now = connection.now()
  const expires = endOf(now, ttlMs)
  // Counts on from the one it has, or from the time: above all that were given before.
  const set = line(`SET #value = :value, #expires = :expires, #ttl = :ttl,
    #version = if_not_exists(#version, :first) + :one`)
  const conditions = [
    ...(ifAbsent ? ['(attribute_not_exists(pk) OR #expires <= :earliest)'] : []),
    ...(ifVersion === undefined ? [] : ['#version = :version AND #expires > :earliest']),
  ]
  const condition = conditions.join(' AND ')
  const values = {
    value,
    expires,
    ttl: removedAfter(expires + buriedMs),
    first: Math.floor(now.latest * microseconds),
    one: 1,
    ...(condition === '' ? {} : { earliest: now.earliest }),
    ...(ifVersion === undefined ? {} : { version: ifVersion }),
  }
  const done = await connection.decide(connection.keys.single('value', key), {
    UpdateExpression: set,
    ...(condition === '' ? {} : { ConditionExpression: condition }),
    ReturnValues: 'UPDATED_NEW',
    ...placeholders(values, set, condition),
  })
  return done ? { value, version: numberOf(done.Attributes, 'version') } : 'conflict'
}

/** It stays as one that has expired, so that its versions go on. */
export async function deleteValue(
  connection: Connection,
  key: string,
  ifVersion: number | undefined,
): Promise<boolean> {
  const now = connection.now()
  const set = 'SET #expires = :never, #ttl = :ttl, #version = #version + :one REMOVE #value'
  const condition = `#expires > :earliest${ifVersion === undefined ? '' : ' AND #version = :version'}`
  const values = {
    never: 0,
    ttl: removedAfter(now.latest + buriedMs),
    one: 1,
    earliest: now.earliest,
    ...(ifVersion === undefined ? {} : { version: ifVersion }),
  }
  const done = await connection.decide(connection.keys.single('value', key), {
    UpdateExpression: set,
    ConditionExpression: condition,
    ...placeholders(values, set, condition),
  })
  return done !== undefined
}

function versioned(item: Item): Versioned {
  return { value: textOf(item, 'value'), version: numberOf(item, 'version') }
}
