import { script } from '../script.ts'
import { luaNow } from './parts.ts'

/**
 * Ends the lease of a receiver that did not renew in time: what it held goes back to the heads of the ready lists, in
 * order, and counts one lost lease.
 *
 * KEYS the dead receiver's hash, leases, wake, the ten ready lists
 * ARGV the dead receiver
 */
export const reclaim = script(
  'reclaim',
  `${luaNow}
local ends = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not ends or tonumber(ends) > now then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
local all = redis.call('HGETALL', KEYS[1])
if #all == 0 then return 0 end
redis.call('DEL', KEYS[1])
local messages, numbers = {}, {}
for i = 1, #all, 2 do
  local number = tonumber(all[i])
  -- Besides the deliveries there is the field n.
  if number then
    numbers[#numbers + 1] = number
    messages[number] = all[i + 1]
  end
end
table.sort(numbers, function(one, other) return one > other end)
for _, number in ipairs(numbers) do
  local message = messages[number]
  local lost = math.min(struct.unpack('<I2', message) + 1, 65535)
  redis.call('LPUSH', KEYS[4 + message:byte(3)], struct.pack('<I2', lost) .. message:sub(3))
end
if #numbers > 0 then redis.call('ZADD', KEYS[3], 0, '1') end
return #numbers
`,
)
