import { script } from '../script.ts'

/**
 * Forgets a receiver. What it leased without hearing of it goes back to the heads of the ready lists; with leases handed
 * out it leaves when they end.
 *
 * KEYS the receiver's hash, leases, wake, the ten ready lists
 * ARGV receiver, number of its next delivery
 */
export const leave = script(
  'leave',
  `local next = tonumber(redis.call('HGET', KEYS[1], 'n') or 0)
for number = next - 1, tonumber(ARGV[2]), -1 do
  local message = redis.call('HGET', KEYS[1], number)
  if message then
    redis.call('HDEL', KEYS[1], number)
    redis.call('LPUSH', KEYS[4 + message:byte(3)], message)
  end
end
-- A marker it was given and could not use any more goes to the next.
redis.call('ZADD', KEYS[3], 0, '1')
if redis.call('HLEN', KEYS[1]) > 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`,
)
