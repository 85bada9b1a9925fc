import { script } from '../script.ts'
import { luaAccept, luaMany, luaNow, luaQueue, luaRecords, luaStore } from './parts.ts'

/**
 * Finishes deliveries: each is removed, its record stored and its follow-ups published, or nothing of it. Begins with
 * a removal, which frees: so it works while the server is out of memory.
 *
 * KEYS the receiver's hash, what is there while anybody watches, both hashes of each bucket, then the publishing keys
 *   of each queue
 * ARGV[1] 'c' when any was asked for before, ARGV[2] how many deliveries, ARGV[3] how many of them have records,
 *   ARGV[4] position before the first queue in KEYS; the numbers of the deliveries, those with records first and in
 *   the order of their sections; sections: number of the bucket, how many, 'e' when these tasks have ended, how long
 *   they are remembered, fields, values; then per follow-up: which delivery it is of, queue, delay, message, number of
 *   the bucket of its record or 0, how long that is remembered, field, value
 *
 * Answers '1' done, '0' lost, 's' stale for each delivery, in their order here.
 */
export const commit = script(
  'commit',
  `${luaNow}${luaMany}${luaQueue}${luaRecords}${luaStore}${luaAccept}
local count, recorded, queuesAt = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local answers = {}
-- Asked for the first time, all are there or, the receiver having lost its leases, none. Else each is looked at.
if ARGV[1] == 'c' then
  for i = 1, count do answers[i] = redis.call('HDEL', KEYS[1], ARGV[4 + i]) end
else
  local held = redis.call('HDEL', KEYS[1], unpack(ARGV, 5, 4 + count)) > 0 and 1 or 0
  for i = 1, count do answers[i] = held end
end
local at, delivery = 5 + count, 0
local watched = recorded > 0 and redis.call('EXISTS', KEYS[2]) == 1
while delivery < recorded do
  local bucket, size, isEnd, ms = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] == 'e', ARGV[at + 3]
  at = at + 4
  local fields, values, deliveries = {}, {}, {}
  for i = 0, size - 1 do
    delivery = delivery + 1
    if answers[delivery] == 1 then
      fields[#fields + 1] = ARGV[at + i]
      values[#values + 1] = ARGV[at + size + i]
      deliveries[#deliveries + 1] = delivery
    end
  end
  at = at + 2 * size
  if #fields > 0 then
    local stored = store(KEYS[1 + 2 * bucket], KEYS[2 + 2 * bucket], isEnd, ms, fields, values, watched)
    for i = 1, #fields do
      if not stored[i] then answers[deliveries[i]] = 's' end
    end
  end
end
local queues = {}
while at <= #ARGV do
  if answers[tonumber(ARGV[at])] == 1 then
    local bucket = tonumber(ARGV[at + 4])
    local accepted = true
    if bucket > 0 then
      local open, ended = KEYS[1 + 2 * bucket], KEYS[2 + 2 * bucket]
      local _, all = accept(open, ended, ARGV[at + 5], { ARGV[at + 6] }, ARGV[at + 7])
      accepted = all
    end
    if accepted then
      local number = tonumber(ARGV[at + 1])
      queues[number] = queues[number] or newQueue(queuesAt + 1 + 13 * number)
      queues[number].add(ARGV[at + 3], tonumber(ARGV[at + 2]))
    end
  end
  at = at + 8
end
for _, queue in pairs(queues) do queue.flush() end
return table.concat(answers)
`,
)
