import type { CollectionPage, Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { wholeMs } from '../record-codec.ts'
import { script } from '../script.ts'
import { luaKeep, luaMicros } from './lua.ts'

/*
 * A collection is two keys: the members in the order of their bytes (a sorted set with equal scores), and a hash of
 * when each leaves, a colon, its value. Whatever comes or goes, a walk meets each once.
 */

/**
 * KEYS order, values
 * ARGV member, value, time to live
 */
const add = script(
  'state-add',
  `${luaMicros}${luaKeep}
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now + ARGV[3]) .. ':' .. ARGV[2])
keepFor(KEYS[1], ARGV[3])
keepFor(KEYS[2], ARGV[3])
return 1
`,
)

/**
 * KEYS order, values
 * ARGV member
 */
const remove = script(
  'state-remove',
  `${luaMicros}
local old = redis.call('HGET', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
if old and tonumber(old:match('^%d+')) > now then return 1 end
return 0
`,
)

/**
 * Also removes what has left.
 *
 * KEYS order, values
 * ARGV where the page starts, as ZRANGEBYLEX has it, how many
 *
 * Answers how many were looked at, the last of them, then members and values.
 */
const page = script(
  'state-page',
  `${luaMicros}
local members = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])
local answer = { #members, members[#members] or '' }
for _, member in ipairs(members) do
  local value = redis.call('HGET', KEYS[2], member)
  if value and tonumber(value:match('^%d+')) > now then
    answer[#answer + 1] = member
    answer[#answer + 1] = value:sub(value:find(':', 1, true) + 1)
  else
    redis.call('ZREM', KEYS[1], member)
    redis.call('HDEL', KEYS[2], member)
  end
end
return answer
`,
)

export async function addMember(
  connection: Connection,
  collection: string,
  member: string,
  value: string,
  ttlMs: Millis,
): Promise<void> {
  await connection.run(add, namesOf(connection, collection), [member, value, Math.max(1, wholeMs(ttlMs))])
}

export async function removeMember(
  connection: Connection,
  collection: string,
  member: string,
): Promise<boolean> {
  return (await connection.run(remove, namesOf(connection, collection), [member])) === 1
}

export async function pageOfMembers(
  connection: Connection,
  collection: string,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): Promise<CollectionPage> {
  // A cursor is marked, so that the member with the empty name makes one, too.
  const start = cursor === undefined ? '-' : `(${cursor.slice(1)}`
  const answer = (await connection.run(page, namesOf(connection, collection), [start, limit])) as readonly [
    number,
    Buffer,
    ...Buffer[],
  ]
  const [looked, last, ...found] = answer
  return { members: pairs(found), next: looked === limit ? `>${String(last)}` : undefined }
}

/** Names and values in turn. */
export function pairs(found: readonly Buffer[]): CollectionPage['members'] {
  const members: { member: string; value: string }[] = []
  for (let at = 0; at < found.length; at += 2) {
    members.push({ member: String(found[at]), value: String(found[at + 1]) })
  }
  return members
}

function namesOf(connection: Connection, collection: string): readonly string[] {
  return connection.keys.state('m', collection, 'o', 'v')
}
