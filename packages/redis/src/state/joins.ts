import type { CollectionPage, JoinProgress, JoinReport, Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { wholeMs } from '../record-codec.ts'
import { script } from '../script.ts'
import { pairs } from './collections.ts'
import { luaKeep } from './lua.ts'

/*
 * A join is four keys that leave together: what is known of it (sealed, done), the children in the order named (a
 * list), the place of each, and the values that counted, by place.
 */

/**
 * KEYS the join, order, places, values
 * ARGV time to live, 1 when sealed, the children
 *
 * Answers how many reported, how many there are, whether sealed.
 */
const expect = script(
  'state-expect',
  `${luaKeep}
local function progress(sealed) return { 0, redis.call('HLEN', KEYS[4]), redis.call('LLEN', KEYS[2]), sealed } end
if redis.call('HGET', KEYS[1], 'sealed') == '1' then return progress(1) end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2])
for i = 3, #ARGV do
  local place = redis.call('LLEN', KEYS[2])
  if redis.call('HSETNX', KEYS[3], ARGV[i], place) == 1 then redis.call('RPUSH', KEYS[2], ARGV[i]) end
end
keepFor(KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
for i = 2, 4 do redis.call('PEXPIRE', KEYS[i], left) end
return progress(tonumber(ARGV[2]))
`,
)

/**
 * KEYS the join, order, places, values
 * ARGV child, value
 *
 * Answers whether it is added, how many reported, how many there are, whether sealed.
 */
const report = script(
  'state-join',
  `local sealed = redis.call('HGET', KEYS[1], 'sealed')
if not sealed then return { 0, 0, 0, 0 } end
local place = redis.call('HGET', KEYS[3], ARGV[1])
local added = 0
if place then
  added = redis.call('HSETNX', KEYS[4], place, ARGV[2])
  if added == 1 then redis.call('PEXPIRE', KEYS[4], redis.call('PTTL', KEYS[1])) end
end
return { added, redis.call('HLEN', KEYS[4]), redis.call('LLEN', KEYS[2]), tonumber(sealed) }
`,
)

/**
 * KEYS the join, order, places, values
 * ARGV the place to start at, how many
 *
 * Answers the place to go on at, or -1, then children and values.
 */
const page = script(
  'state-joined',
  `local at, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer = { -1 }
local found = 0
while true do
  local children = redis.call('LRANGE', KEYS[2], at, at + 199)
  if #children == 0 then return answer end
  for _, child in ipairs(children) do
    local value = redis.call('HGET', KEYS[4], at)
    at = at + 1
    if value then
      answer[#answer + 1] = child
      answer[#answer + 1] = value
      found = found + 1
      if found == limit then
        answer[1] = at
        return answer
      end
    end
  end
end
`,
)

/** So many children go to the server at once: no more than Lua can take. */
const mostAtOnce = 5_000

export async function expectChildren(
  connection: Connection,
  join: string,
  children: readonly string[],
  { ttlMs, sealed }: { readonly ttlMs: Millis; readonly sealed: boolean },
): Promise<JoinProgress> {
  const names = namesOf(connection, join)
  let progress: Progress = [0, 0, 0, 0]
  const ttl = Math.max(1, wholeMs(ttlMs))
  for (let start = 0; start === 0 || start < children.length; start += mostAtOnce) {
    const part = children.slice(start, start + mostAtOnce)
    const last = start + mostAtOnce >= children.length
    progress = (await connection.run(expect, names, [ttl, sealed && last ? 1 : 0, ...part])) as Progress
  }
  return progressOf(progress)
}

export async function reportChild(
  connection: Connection,
  { join, child, value }: JoinReport,
): Promise<JoinProgress> {
  return progressOf((await connection.run(report, namesOf(connection, join), [child, value])) as Progress)
}

/** Whether a value is added, how many reported, how many there are, whether sealed. */
type Progress = readonly [number, number, number, number]

function progressOf([added, done, total, sealed]: Progress): JoinProgress {
  return { added: added === 1, done, total, complete: sealed === 1 && done === total }
}

export async function pageOfJoined(
  connection: Connection,
  join: string,
  { cursor = '0', limit }: { readonly cursor?: string; readonly limit: number },
): Promise<CollectionPage> {
  const [next, ...found] = (await connection.run(page, namesOf(connection, join), [
    cursor,
    limit,
  ])) as readonly [number, ...Buffer[]]
  return { members: pairs(found), next: next < 0 ? undefined : String(next) }
}

function namesOf(connection: Connection, join: string): readonly string[] {
  return connection.keys.state('j', join, '', 'o', 'p', 'v')
}
