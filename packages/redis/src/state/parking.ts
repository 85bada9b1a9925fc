import type { DueItem, Millis, ParkedItem } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { wholeMs } from '../record-codec.ts'
import { script } from '../script.ts'
import { luaMicros } from './lua.ts'

/* A lot is two keys: when each item is seen (a sorted set), and the values (a hash), each behind the time it is due. */

/**
 * KEYS due, values
 * ARGV key, value, delay
 */
const park = script(
  'state-park',
  `${luaMicros}
local due = string.format('%.0f', math.ceil(now + ARGV[3]))
redis.call('HSET', KEYS[2], ARGV[1], due .. ':' .. ARGV[2])
redis.call('ZADD', KEYS[1], due, ARGV[1])
return 1
`,
)

/**
 * KEYS due, values
 * ARGV how many, for how long they are hidden
 */
const take = script(
  'state-due',
  `${luaMicros}
local keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', math.floor(now)), 'LIMIT', 0, ARGV[1])
local answer = { string.format('%.0f', math.floor(now)) }
for _, key in ipairs(keys) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', math.ceil(now + ARGV[2])), key)
  answer[#answer + 1] = key
  answer[#answer + 1] = redis.call('HGET', KEYS[2], key) or '0:'
end
return answer
`,
)

export async function parkItem(
  connection: Connection,
  lot: string,
  { key, value }: ParkedItem,
  delayMs: Millis,
): Promise<void> {
  // At once means at once: not at the next whole millisecond.
  const delay = delayMs > 0 ? wholeMs(delayMs) : -1
  await connection.run(park, namesOf(connection, lot), [key, value, delay])
}

/** Up to `limit` that are due, hidden from others for a while. */
export async function takeDue(
  connection: Connection,
  lot: string,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: Millis },
): Promise<readonly DueItem[]> {
  const found = (await connection.run(take, namesOf(connection, lot), [
    limit,
    wholeMs(leaseMs),
  ])) as readonly Buffer[]
  const now = Number(String(found[0]))
  const items: DueItem[] = []
  for (let at = 1; at < found.length; at += 2) {
    const stored = String(found[at + 1])
    const colon = stored.indexOf(':')
    const overdueMs = Math.max(0, now - Number(stored.slice(0, colon)))
    items.push({ key: String(found[at]), value: stored.slice(colon + 1), overdueMs })
  }
  return items
}

export async function unparkItems(
  connection: Connection,
  lot: string,
  keys: readonly string[],
): Promise<number> {
  if (keys.length === 0) {
    void connection.client
    return 0
  }
  const [due, values] = namesOf(connection, lot) as readonly [string, string]
  const { client } = connection
  const [, gone] = await Promise.all([client.zrem(due, ...keys), client.hdel(values, ...keys)])
  return gone
}

function namesOf(connection: Connection, lot: string): readonly string[] {
  return connection.keys.state('p', lot, '', 'v')
}
