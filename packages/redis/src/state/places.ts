import type { Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { wholeMs } from '../record-codec.ts'
import { script } from '../script.ts'
import { luaKeep, luaMicros } from './lua.ts'

/*
 * Two keys: when each holder's place ends (a sorted set), and their numbers (a hash; the last one given under an empty
 * name). A number is the server's time in microseconds, or one more than the last.
 */

/**
 * KEYS ends, numbers
 * ARGV holder, limit, for how long
 *
 * Answers the number, or false when all places are taken.
 */
const acquire = script(
  'state-acquire',
  `${luaMicros}${luaKeep}
for _, holder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.3f', now))) do
  redis.call('ZREM', KEYS[1], holder)
  redis.call('HDEL', KEYS[2], 'h' .. holder)
end
local number = redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('HGET', KEYS[2], 'h' .. ARGV[1])
if not number then
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return false end
  number = string.format('%.0f', math.max(micros, (tonumber(redis.call('HGET', KEYS[2], '') or 0) + 1)))
  redis.call('HSET', KEYS[2], 'h' .. ARGV[1], number, '', number)
end
redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[3]), ARGV[1])
keepFor(KEYS[1], ARGV[3])
keepFor(KEYS[2], ARGV[3])
return number
`,
)

/**
 * Begins by removing, which frees: so it works while the server is out of memory.
 *
 * KEYS ends, numbers
 * ARGV holder, for how long
 */
const renew = script(
  'state-renew',
  `${luaMicros}${luaKeep}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])))
redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[2]), ARGV[1])
keepFor(KEYS[2], ARGV[2])
return 1
`,
)

/**
 * KEYS ends, numbers
 * ARGV holder
 */
const release = script(
  'state-release',
  `${luaMicros}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], 'h' .. ARGV[1])
if ends and tonumber(ends) > now then return 1 end
return 0
`,
)

/**
 * KEYS ends
 */
const holders = script(
  'state-holders',
  `${luaMicros}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.3f', now), '+inf')
`,
)

/** A place and its fencing number; undefined when all are taken. */
export async function acquirePlace(
  connection: Connection,
  key: string,
  holder: string,
  { limit, ttlMs }: { readonly limit: number; readonly ttlMs: Millis },
): Promise<number | undefined> {
  const number = await connection.run(acquire, namesOf(connection, key), [holder, limit, whole(ttlMs)])
  return number === null ? undefined : Number(String(number))
}

export async function renewPlace(
  connection: Connection,
  key: string,
  holder: string,
  ttlMs: Millis,
): Promise<boolean> {
  return (await connection.run(renew, namesOf(connection, key), [holder, whole(ttlMs)])) === 1
}

export async function releasePlace(connection: Connection, key: string, holder: string): Promise<boolean> {
  return (await connection.run(release, namesOf(connection, key), [holder])) === 1
}

export async function holdersOf(connection: Connection, key: string): Promise<readonly string[]> {
  const names = namesOf(connection, key).slice(0, 1)
  return ((await connection.run(holders, names, [])) as readonly Buffer[]).map(String)
}

function namesOf(connection: Connection, key: string): readonly string[] {
  return connection.keys.state('l', key, '', 'n')
}

function whole(ttlMs: Millis): number {
  return Math.max(1, wholeMs(ttlMs))
}
