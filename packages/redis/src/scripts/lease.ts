import { script } from '../script.ts'
import { luaGiveBack, luaMany, luaNow, luaRecords } from './parts.ts'

/** So many messages are put together, in one step: `table.concat` is several times slower. */
const together = 16
const smallBytes = 2_048
const joined = Array.from({ length: together }, (_, n) => `taken[at + ${n}]`).join(' .. ')

/**
 * Moves what is due to the ready lists, and a batch from those into the receiver's own hash. Frees before it writes,
 * so that it works while the server is out of memory.
 *
 * KEYS the receiver's hash, leases, wake, delayed, the ten ready lists
 * ARGV receiver, length of its lease, how many from the top, how many from the bottom, number of the first delivery,
 *   how many it knows to hold, prefixes of the hashes of records or '', 'b' when it was called behind a wait
 *
 * Answers: status ('ok', or 'gone' when what it held is given to others), receivers whose lease ended,
 * milliseconds until time alone brings something (-1: never), what the records say, the messages,
 * some of them put together.
 */
export const lease = script(
  'lease',
  `${luaNow}${luaMany}${luaGiveBack}${luaRecords}
local receiver, length = ARGV[1], tonumber(ARGV[2])
local top, bottom, firstNumber = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREM', KEYS[3], '1')
-- Called long ago, perhaps by one that has left since: it would hold messages that nobody hands out.
if ARGV[9] == 'b' and not redis.call('ZSCORE', KEYS[2], receiver) then
  redis.call('ZADD', KEYS[3], 0, '1')
  return { 'gone', {}, 0, '' }
end
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 20)
local taken = {}

-- The field n is the next number.
local next, known = tonumber(redis.call('HGET', KEYS[1], 'n') or 0), tonumber(ARGV[6])
local gone = false
if known > 0 then
  local ends = redis.call('ZSCORE', KEYS[2], receiver)
  gone = not ends or tonumber(ends) <= now
end
-- A server that came back without its last moment may hold for it what it has settled, or know nothing of what it has.
if next > 0 or known > 0 then
  local held = redis.call('HLEN', KEYS[1]) - 1 - math.max(0, next - firstNumber)
  gone = gone or firstNumber > next or held > known
end
-- In this very step: a keeper that comes late must not revive what its receiver has given up.
if gone then
  giveBack(KEYS[1], receiver, KEYS[2], KEYS[3], 5)
  redis.call('ZADD', KEYS[3], 0, '1')
  return { 'gone', expired, 0, '' }
end
-- A call that was made before is answered as before: its answer was lost, or it comes late, when nobody waits for it any
-- more.
for number = firstNumber, next - 1 do
  taken[#taken + 1] = redis.call('HGET', KEYS[1], number) or nil
end
local repeated, room = firstNumber < next, top + bottom

if not repeated then
  local due = redis.call('ZCOUNT', KEYS[4], '-inf', now)
  if due > 0 then
    local batch = redis.call('ZRANGE', KEYS[4], 0, math.min(due, 500) - 1)
    redis.call('ZREMRANGEBYRANK', KEYS[4], 0, #batch - 1)
    for i = 1, #batch do
      local message = batch[i]:sub(7)
      redis.call('RPUSH', KEYS[5 + message:byte(3)], message)
    end
  end

  -- From the top, then the share that starts from the bottom; handed out by priority all the same.
  local levels = {}
  local function take(level, count)
    local got = redis.call('LPOP', KEYS[5 + level], count)
    if not got then return 0 end
    local list = levels[level]
    if list then
      for i = 1, #got do list[#list + 1] = got[i] end
    else
      levels[level] = got
    end
    return #got
  end
  local level = 9
  if top > 0 and redis.call('EXISTS', KEYS[14], KEYS[13], KEYS[12], KEYS[11], KEYS[10]) == 0 then level = 4 end
  while top > 0 and level >= 0 do
    top = top - take(level, top)
    level = level - 1
  end
  -- With room left at the top nothing is left below.
  if top == 0 and bottom > 0 then
    level = redis.call('EXISTS', KEYS[5], KEYS[6], KEYS[7], KEYS[8]) == 0 and 4 or 0
    while bottom > 0 and level <= 9 do
      bottom = bottom - take(level, bottom)
      level = level + 1
    end
  end
  for from = 9, 0, -1 do
    local list = levels[from]
    if list then
      for i = 1, #list do taken[#taken + 1] = list[i] end
    end
  end
end

local wait = -1
if #taken > 0 then
  if not repeated then
    local fields = { 'n', firstNumber + #taken }
    for i = 1, #taken do
      fields[2 * i + 1] = firstNumber + i - 1
      fields[2 * i + 2] = taken[i]
    end
    many('HSET', KEYS[1], fields)
  end
else
  local nextDue = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2]
  if nextDue then wait = math.max(0, nextDue - now) end
  local nextEnd = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if nextEnd and (wait < 0 or nextEnd - now < wait) then wait = nextEnd - now end
end
-- More is ready: the next who waits shall come.
if repeated or #taken >= room then
  local left = redis.call('EXISTS', unpack(KEYS, 5, 14))
  if left > 0 then redis.call('ZADD', KEYS[3], 0, '1') end
end
redis.call('ZADD', KEYS[2], now + length + 1, receiver)

local verdicts = {}
if ARGV[7] ~= '' and #taken > 0 then
  -- Records that share a bucket are read together: of tasks sent together nearly all do.
  local groups, order = {}, {}
  local lastStart, lastName
  for i = 1, #taken do
    local message = taken[i]
    local idEnd = 14 + message:byte(5) + 256 * message:byte(6)
    local name, field
    if message:byte(4) == 1 then
      local start = message:sub(15, 33)
      if start ~= lastStart then
        lastStart = start
        lastName = message:sub(15, 25) .. message:sub(29, 32)
      end
      name, field = lastName, message:sub(26, idEnd)
    else
      name = message:sub(15, idEnd):gsub('[%%:{}]', function(mark) return string.format('%%%x', mark:byte()) end)
      field = ''
    end
    local group = groups[name]
    if not group then
      group = { name = name, fields = {}, at = {} }
      groups[name] = group
      order[#order + 1] = group
    end
    group.fields[#group.fields + 1] = field
    group.at[#group.at + 1] = i
  end
  for g = 1, #order do
    local group = order[g]
    local records, over = read(ARGV[7] .. group.name .. '}', ARGV[8] .. group.name .. '}', group.fields)
    for n = 1, #group.fields do
      local record, verdict = records[n], '-'
      if record and record:byte(1) == 112 then verdict = 'y'
      elseif alive(record) then
        local state = record:byte(1)
        if state > 2 then verdict = state == 5 and 'r' or 't'
        elseif record:byte(28) == 0 then verdict = 'y' end
      end
      verdicts[group.at[n]] = verdict
    end
  end
end

-- Small ones go together: each value of an answer costs the client more than its bytes.
local values, at, last = {}, 1, #taken
while at <= last do
  local whole = at + ${together - 1} <= last
  if whole then
    for i = at, at + ${together - 1} do
      if #taken[i] > ${smallBytes} then whole = false break end
    end
  end
  if whole then
    values[#values + 1] = ${joined}
    at = at + ${together}
  else
    values[#values + 1] = taken[at]
    at = at + 1
  end
end
return { 'ok', expired, wait, table.concat(verdicts), unpack(values) }
`,
)
