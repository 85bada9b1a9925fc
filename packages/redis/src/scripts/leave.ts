import { script } from '../script.ts'

/**
 * Forgets a receiver that holds nothing.
 *
 * KEYS the receiver's hash, leases, wake
 * ARGV receiver
 */
export const leave = script(
  'leave',
  `if redis.call('HLEN', KEYS[1]) > 1 then
  redis.call('ZADD', KEYS[3], 0, '1')
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
-- A marker it was given and could not use any more goes to the next.
redis.call('ZADD', KEYS[3], 0, '1')
return 1
`,
)
