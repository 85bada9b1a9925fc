import { script } from '../script.ts'
import { luaNow } from './parts.ts'

/**
 * Moves a message that waits to another time or priority, if it is still where it was seen.
 *
 * KEYS the queue's publishing keys
 * ARGV the message as it is stored there; the priority of the list it is in, or 'd' with a number in front of it; its
 *   new delay or ''; its new priority or ''
 *
 * Answers whether it was there.
 */
export const change = script(
  'change',
  `${luaNow}
local stored, place, delay = ARGV[1], ARGV[2], tonumber(ARGV[3])
local message, due = stored, nil
if place == 'd' then
  due = redis.call('ZSCORE', KEYS[2], stored)
  if redis.call('ZREM', KEYS[2], stored) == 0 then return 0 end
  message = stored:sub(7)
elseif redis.call('LREM', KEYS[4 + place], -1, stored) == 0 then
  return 0
end
if ARGV[4] ~= '' then message = message:sub(1, 2) .. string.char(ARGV[4]) .. message:sub(4) end
if delay then due = delay > 0 and now + delay + 1 end
if due then
  redis.call('ZADD', KEYS[2], due, struct.pack('>I6', redis.call('INCR', KEYS[3])) .. message)
else
  redis.call('RPUSH', KEYS[4 + message:byte(3)], message)
end
redis.call('ZADD', KEYS[1], 0, '1')
return 1
`,
)
