import { script } from '../script.ts'
import { luaAcceptRecord, luaMany, luaNow, luaPutRecord, luaQueue, luaReadAll } from './parts.ts'

/**
 * Finishes deliveries: each is removed, its record stored and its follow-ups published, or nothing of it. Begins with
 * a removal, which frees: so it works while the server is out of memory.
 *
 * KEYS the receiver's hash, what is there while anybody watches, the keys of records in the order of ARGV, then the
 *   publishing keys of each queue
 * ARGV[1] position before the first queue in KEYS, ARGV[2] how many keys of records, ARGV[3] how many deliveries, or
 *   'c' when any was asked for before; per item: number of the delivery, record or '', how long it is remembered, how
 *   many follow-ups; per follow-up: its queue, message, delay, record or '', how long it is remembered; at the end,
 *   without 'c', the numbers of all deliveries again
 *
 * Answers '1' done, '0' lost, 's' stale for each item.
 */
export const commit = script(
  'commit',
  `${luaNow}${luaMany}${luaQueue}${luaReadAll}${luaPutRecord}${luaAcceptRecord}
local queuesAt, records = tonumber(ARGV[1]), tonumber(ARGV[2])
local done, queues, written, at, i = {}, {}, {}, 2, 4
local watched
-- Asked for the first time, all are there or, the receiver having lost its leases, none. Else each is looked at.
local careful = ARGV[3] == 'c'
local first
if not careful then first = redis.call('HDEL', KEYS[1], unpack(ARGV, #ARGV - tonumber(ARGV[3]) + 1)) > 0 and 1 or 0 end
local keys = {}
for n = 1, records do keys[n] = KEYS[n + 2] end
local old = readAll(keys)
local last = careful and #ARGV or #ARGV - tonumber(ARGV[3])
while i <= last do
  local record, count = ARGV[i + 1], tonumber(ARGV[i + 3])
  local answer = first or redis.call('HDEL', KEYS[1], ARGV[i])
  if record ~= '' then
    at = at + 1
    if answer == 1 then
      local key = KEYS[at]
      local before = old[at - 2]
      if written[key] then before = redis.call('GET', key) end
      if not putRecord(key, record, ARGV[i + 2], before) then
        answer = 's'
      else
        written[key] = true
        if watched == nil then watched = redis.call('EXISTS', KEYS[2]) == 1 end
        if watched then redis.call('PUBLISH', key, '') end
      end
    end
  end
  i = i + 4
  for _ = 1, count do
    local accepted = answer == 1
    if ARGV[i + 3] ~= '' then
      at = at + 1
      if accepted then
        accepted = acceptRecord(KEYS[at], ARGV[i + 3], ARGV[i + 4])
        written[KEYS[at]] = true
      end
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
