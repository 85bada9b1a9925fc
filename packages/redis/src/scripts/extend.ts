import { script } from '../script.ts'
import { luaNow } from './parts.ts'

/**
 * Renews all that a receiver holds. Begins by removing its entry, which frees: so it works while the server is out
 * of memory.
 *
 * KEYS leases
 * ARGV receiver, length of its lease
 *
 * Answers 1, or 0 when its leases have ended.
 */
export const extend = script(
  'extend',
  `${luaNow}
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]) + 1, ARGV[1])
return 1
`,
)
