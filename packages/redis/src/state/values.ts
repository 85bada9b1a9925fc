import type { Millis, Versioned } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { wholeMs } from '../record-codec.ts'
import { script } from '../script.ts'
import { luaMicros } from './lua.ts'

/*
 * A value is one key: its version, a colon, the text. The version is the server's time in microseconds, or one more
 * than the last: so it never comes back, also after a key was gone.
 */

/**
 * Stores a value.
 *
 * KEYS the value
 * ARGV text, time to live, 'a' only if absent, 'v' only if of the version in ARGV[4], else ''
 *
 * Answers the version, or false for a conflict.
 */
const put = script(
  'state-put',
  `${luaMicros}
local old = redis.call('GET', KEYS[1])
local version = old and old:match('^%d+')
if ARGV[3] == 'a' and old then return false end
if ARGV[3] == 'v' and version ~= ARGV[4] then return false end
local fresh = string.format('%.0f', math.max(micros, (tonumber(version) or 0) + 1))
redis.call('SET', KEYS[1], fresh .. ':' .. ARGV[1], 'PX', ARGV[2])
return fresh
`,
)

/**
 * Removes a value; with ARGV[1] only if it is of that version.
 *
 * KEYS the value
 */
const remove = script(
  'state-delete',
  `local old = redis.call('GET', KEYS[1])
if not old or (ARGV[1] and old:match('^%d+') ~= ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
`,
)

export async function readValues(
  connection: Connection,
  keys: readonly string[],
): Promise<readonly (Versioned | undefined)[]> {
  const { client } = connection
  const names = keys.map((key) => nameOf(connection, key))
  if (names.length === 0) return []
  const found = connection.isCluster
    ? await Promise.all(names.map((name) => client.get(name)))
    : await client.mget(names)
  return found.map((stored) => {
    if (stored === null) return undefined
    const colon = stored.indexOf(':')
    return { version: Number(stored.slice(0, colon)), value: stored.slice(colon + 1) }
  })
}

export async function putValue(
  connection: Connection,
  key: string,
  value: string,
  options: { readonly ttlMs: Millis; readonly ifAbsent?: boolean; readonly ifVersion?: number },
): Promise<Versioned | 'conflict'> {
  const { ttlMs, ifAbsent, ifVersion } = options
  const condition = ifAbsent ? 'a' : ifVersion !== undefined ? 'v' : ''
  const version = await connection.run(
    put,
    [nameOf(connection, key)],
    [value, Math.max(1, wholeMs(ttlMs)), condition, String(ifVersion ?? '')],
  )
  return version === null ? 'conflict' : { value, version: Number(String(version)) }
}

export async function deleteValue(
  connection: Connection,
  key: string,
  ifVersion: number | undefined,
): Promise<boolean> {
  const args = ifVersion === undefined ? [] : [String(ifVersion)]
  return (await connection.run(remove, [nameOf(connection, key)], args)) === 1
}

function nameOf(connection: Connection, key: string): string {
  return connection.keys.state('v', key, '')[0] as string
}
