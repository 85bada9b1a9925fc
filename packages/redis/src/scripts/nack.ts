import { script } from '../script.ts'
import { luaNow } from './parts.ts'

/**
 * Gives deliveries back unchanged: to the heads of their lists, or into the delayed ones.
 *
 * KEYS the receiver's hash, then the queue's publishing keys
 * ARGV the delay, then numbers of deliveries
 *
 * Answers '1' or '0' for each.
 */
export const nack = script(
  'nack',
  `${luaNow}
local delay = tonumber(ARGV[1])
local done = {}
-- From the last to the first, each to the head: then they lie there in order.
for i = #ARGV, 2, -1 do
  local message = redis.call('HGET', KEYS[1], ARGV[i])
  local held = redis.call('HDEL', KEYS[1], ARGV[i])
  done[i - 1] = held
  if held == 1 then
    if delay > 0 then
      local number = redis.call('INCR', KEYS[4])
      redis.call('ZADD', KEYS[3], now + delay + 1, struct.pack('>I6', number) .. message)
    else
      redis.call('LPUSH', KEYS[5 + message:byte(3)], message)
    end
  end
end
redis.call('ZADD', KEYS[2], 0, '1')
return table.concat(done)
`,
)
