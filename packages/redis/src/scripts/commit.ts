import { script } from '../script.ts'
import { luaAcceptRecord, luaMany, luaNow, luaPutRecord, luaQueue } from './parts.ts'

/**
 * Finishes deliveries: each is removed, its record stored and its follow-ups published, or nothing of it. Begins with
 * a removal, which frees: so it works while the server is out of memory.
 *
 * KEYS the receiver's hash, what is there while anybody watches, the keys of records in the order of ARGV, then the
 *   publishing keys of each queue
 * ARGV[1] position before the first queue in KEYS ; per item: number of the delivery, record
 *   or '', how long it is remembered, how many follow-ups; per follow-up: its queue, message, delay, record or '', how
 *   long it is remembered
 *
 * Answers '1' done, '0' lost, 's' stale for each item.
 */
export const commit = script(
  'commit',
  `${luaNow}${luaMany}${luaQueue}${luaPutRecord}${luaAcceptRecord}
local queuesAt = tonumber(ARGV[1])
local done, queues, at, i = {}, {}, 2, 2
local watched
while i <= #ARGV do
  local record, count = ARGV[i + 1], tonumber(ARGV[i + 3])
  local answer = redis.call('HDEL', KEYS[1], ARGV[i])
  if record ~= '' then
    at = at + 1
    if answer == 1 then
      if not putRecord(KEYS[at], record, ARGV[i + 2]) then
        answer = 's'
      else
        if watched == nil then watched = redis.call('EXISTS', KEYS[2]) == 1 end
        if watched then redis.call('PUBLISH', KEYS[at], '') end
      end
    end
  end
  i = i + 4
  for _ = 1, count do
    local accepted = answer == 1
    if ARGV[i + 3] ~= '' then
      at = at + 1
      if accepted then accepted = acceptRecord(KEYS[at], ARGV[i + 3], ARGV[i + 4]) end
    end
    if accepted then
      local number = tonumber(ARGV[i])
      local queue = queues[number]
      if not queue then
        queue = newQueue(queuesAt + 1 + 13 * number)
        queues[number] = queue
      end
      queue.add(ARGV[i + 1], tonumber(ARGV[i + 2]))
    end
    i = i + 5
  end
  done[#done + 1] = answer
end
for _, queue in pairs(queues) do queue.flush() end
return table.concat(done)
`,
)
