import { script } from '../script.ts'
import { luaGiveBack, luaNow } from './parts.ts'

/**
 * Ends the lease of a receiver that did not renew in time: what it held goes back to the heads of the ready lists, in
 * order, and counts one lost lease.
 *
 * KEYS the dead receiver's hash, leases, wake, the ten ready lists
 * ARGV the dead receiver
 */
export const reclaim = script(
  'reclaim',
  `${luaNow}${luaGiveBack}
local ends = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends or tonumber(ends) > now then return 0 end
return giveBack(KEYS[1], ARGV[1], KEYS[2], KEYS[3], 4)
`,
)
