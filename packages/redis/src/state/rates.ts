import type { Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { script } from '../script.ts'
import { luaMicros } from './lua.ts'

export interface TakeOptions {
  readonly limit: number
  readonly windowMs: Millis
  readonly cost: number
  readonly reserve?: boolean
}

/**
 * Takes tokens of a bucket, or says how long until there will be enough.
 *
 * KEYS the bucket
 * ARGV limit, window, cost, 1 to take what is not there yet
 */
const take = script(
  'state-take',
  `${luaMicros}
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local perMs = limit / window
local tokens = limit
local known = redis.call('HMGET', KEYS[1], 'tokens', 'at')
if known[1] then
  -- A clock that was set back refills nothing, and takes nothing away.
  tokens = math.min(limit, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * perMs)
end
local wait = 0
if tokens < cost then wait = math.max(1, math.ceil((cost - tokens) / perMs)) end
if wait == 0 or ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens - cost), 'at', string.format('%.3f', now))
  -- When it is full again, whatever was in it, nothing has to be remembered any longer.
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, math.ceil(window + wait))))
end
return wait
`,
)

export async function takeTokens(
  connection: Connection,
  key: string,
  { limit, windowMs, cost, reserve }: TakeOptions,
): Promise<Millis> {
  const names = connection.keys.state('r', key, '')
  return (await connection.run(take, names, [limit, windowMs, cost, reserve ? 1 : 0])) as number
}
