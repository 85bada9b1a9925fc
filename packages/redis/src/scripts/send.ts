import { script } from '../script.ts'
import { luaAccept, luaMany, luaNow, luaQueue, luaRecords } from './parts.ts'

/**
 * Adds messages and their records, all in one step; a task that was accepted before adds nothing.
 *
 * KEYS what publishing needs, then both hashes of each bucket. Where all messages are of one priority and none has a
 *   delay, which is the rule, that is the queue's marker and the list of that priority; else all its publishing keys
 * ARGV[1] how many keys publishing needs; ARGV[2] 'd' when each message is followed by its delay, else '';
 *   then sections, in the order of the messages: number of the bucket or 0, how many, and for a bucket: how long they
 *   are remembered, the record of all or '', the fields, without the record of all each one's; then the messages
 */
export const send = script(
  'send',
  `${luaNow}${luaMany}${luaQueue}${luaRecords}${luaAccept}
local needed, delays = tonumber(ARGV[1]), ARGV[2] == 'd'
local alike = needed == 2
local queue = not alike and newQueue(1)
local at = 3
while at <= #ARGV do
  local bucket, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local accepted, all = nil, true
  if bucket > 0 then
    local ms, common = ARGV[at], ARGV[at + 1]
    at = at + 2
    local fields, values = { unpack(ARGV, at, at + count - 1) }, common
    at = at + count
    if common == '' then
      values = { unpack(ARGV, at, at + count - 1) }
      at = at + count
    end
    accepted, all = accept(KEYS[needed + 2 * bucket - 1], KEYS[needed + 2 * bucket], ms, fields, values)
  end
  if alike then
    -- As they came: taking each into a hand costs more than all the rest.
    local first = at
    at = at + count
    if all then
      redis.call('RPUSH', KEYS[2], unpack(ARGV, first, at - 1))
    else
      for i = 1, count do
        if accepted[i] then redis.call('RPUSH', KEYS[2], ARGV[first + i - 1]) end
      end
    end
  else
    for i = 1, count do
      if not accepted or accepted[i] then queue.add(ARGV[at], delays and tonumber(ARGV[at + 1]) or 0) end
      at = at + (delays and 2 or 1)
    end
  end
end
if alike then redis.call('ZADD', KEYS[1], 0, '1') else queue.flush() end
return 1
`,
)
