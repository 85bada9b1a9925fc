// Lua that several scripts share. Redis scripts cannot call each other, so the text is put into each.

/** `now`: the server's time, in whole milliseconds since 1970. */
export const luaNow = `local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`

/**
 * `call(command, key, list)`: one command with many values, in pieces that Lua can hand over; \`size\` must be even
 * for pairs. Answers the sum of the answers.
 */
export const luaMany = `local function many(command, key, list)
  local count = #list
  if count <= 4000 then return count > 0 and redis.call(command, key, unpack(list)) or 0 end
  local sum = 0
  for from = 1, count, 4000 do
    sum = sum + redis.call(command, key, unpack(list, from, math.min(from + 3999, count)))
  end
  return sum
end
`

/**
 * `giveBack(held, receiver, leases, wake, at)`: ends a receiver's lease. What it held goes back to the heads of the ready
 * lists, which start at KEYS[at], in order, and counts one lost lease. Answers how many.
 */
export const luaGiveBack = `local function giveBack(held, receiver, leases, wake, at)
  redis.call('ZREM', leases, receiver)
  local all = redis.call('HGETALL', held)
  if #all == 0 then return 0 end
  redis.call('DEL', held)
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
    redis.call('LPUSH', KEYS[at + message:byte(3)], struct.pack('<I2', lost) .. message:sub(3))
  end
  if #numbers > 0 then redis.call('ZADD', wake, 0, '1') end
  return #numbers
end
`

/**
 * What scripts do with records, which are packed as record-codec.ts tells. Those of tasks that go on lie in the open
 * hash of their bucket, those of tasks that ended in the other one.
 *
 * - `head(value)`: state, generation, attempt, epoch.
 * - `alive(value)`: the value, unless it is no longer remembered.
 * - `read(open, ended, fields)`: the values, whether alive or not, and which of them were among those that ended.
 * - `keep(key, ms)`: it stays at least so long.
 */
export const luaRecords = `local stamp = struct.pack('<I6', now)
local function head(value)
  if value:byte(1) == 112 then return 0, 0, 0, 0 end
  return struct.unpack('<BI4I4I6', value)
end
local function alive(value)
  if not value then return false end
  local stored, ttl, mark = struct.unpack('<I6', value, #value - 5)
  if value:byte(1) == 112 then
    ttl = struct.unpack('<I6', value, 10)
    mark = ttl
  else
    ttl, mark = struct.unpack('<I6I6', value, 16)
  end
  return stored + math.max(ttl, mark) > now and value
end
local function read(open, ended, fields)
  local values = redis.call('HMGET', open, unpack(fields))
  local missing, names, over = {}, {}, {}
  for i = 1, #fields do
    if not values[i] then
      missing[#missing + 1] = i
      names[#names + 1] = fields[i]
    end
  end
  if #names > 0 then
    local found = redis.call('HMGET', ended, unpack(names))
    for n = 1, #names do
      values[missing[n]] = found[n]
      if found[n] then over[missing[n]] = true end
    end
  end
  return values, over
end
local function keep(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
local function keepRun(old, value)
  if not old or old:byte(1) == 112 or value:byte(1) == 112 then return value end
  local length = old:byte(28)
  if length == 0 then return value end
  return value:sub(1, 27) .. old:sub(28, 28 + length) .. value:sub(29)
end
`

/**
 * `store(open, ended, isEnd, ms, fields, values, watched)`: stores records of one bucket, each unless a later or final
 * one is there; answers which were stored.
 */
export const luaStore = `local function isStale(old, value)
  local state, generation, attempt, epoch = head(old)
  local _, newGeneration, newAttempt, newEpoch = head(value)
  if newGeneration ~= generation then return newGeneration < generation end
  return state > 2 or newAttempt < attempt or (newAttempt == attempt and newEpoch < epoch)
end
local function store(open, ended, isEnd, ms, fields, values, watched)
  local olds, over = read(open, ended, fields)
  local set, gone, stored = {}, {}, {}
  for i = 1, #fields do
    local old, value = olds[i], values[i]
    -- Nothing is older than one that was only sent.
    if not old or old:byte(1) == 112 or not alive(old) or not isStale(old, value) then
      stored[i] = true
      if not isEnd then value = keepRun(alive(old), value) end
      set[#set + 1] = fields[i]
      set[#set + 1] = value .. stamp
      if old and isEnd ~= (over[i] or false) then gone[#gone + 1] = fields[i] end
      if watched then redis.call('PUBLISH', ended .. ':' .. fields[i], '') end
    end
  end
  if #gone > 0 then redis.call('HDEL', isEnd and open or ended, unpack(gone)) end
  if #set > 0 then
    local target = isEnd and ended or open
    local fresh = many('HSET', target, set)
    keep(target, ms)
    if isEnd and fresh < #set / 2 then
      -- Some were there before, or one is named twice: then the first counts.
      local first = {}
      for i = 1, #fields do
        local field = fields[i]
        if stored[i] then
          if first[field] and isStale(first[field], values[i]) then
            stored[i] = false
            redis.call('HSET', ended, field, first[field] .. stamp)
          else
            first[field] = values[i]
          end
        end
      end
    end
  end
  return stored
end
`

/**
 * `accept(open, ended, ms, fields, values)`: stores the records of tasks that are sent; answers which of them were not
 * accepted before, and whether all were not. `values` is a list, or one for all. Stored for the first time, which is the rule, they cost one command.
 */
export const luaAccept = `local function accept(open, ended, ms, fields, values)
  local common = type(values) == 'string' and values .. stamp
  local set, count = {}, #fields
  local isNew = redis.call('EXISTS', open, ended) == 0
  if isNew then
    for i = 1, count do
      set[2 * i - 1] = fields[i]
      set[2 * i] = common or values[i] .. stamp
    end
    local fresh = many('HSET', open, set)
    redis.call('PEXPIRE', open, ms)
    if fresh == count then return nil, true end
    -- One is named twice: as if nothing had been done, with more care.
    redis.call('DEL', open)
    set = {}
  end
  local olds, over = read(open, ended, fields)
  local accepted, known, all = {}, {}, true
  for i = 1, count do
    local field, value = fields[i], common or values[i] .. stamp
    local old = known[field] or alive(olds[i])
    accepted[i] = true
    if old then
      local state, generation, attempt = head(old)
      local _, newGeneration, newAttempt = head(value)
      if newGeneration < generation then accepted[i] = false end
      if newGeneration == generation and (state > 2 or newAttempt <= attempt) then accepted[i] = false end
      value = keepRun(old, value)
    end
    if accepted[i] then
      known[field] = value
      set[#set + 1] = field
      set[#set + 1] = value
      if over[i] then redis.call('HDEL', ended, field) end
    else
      all = false
    end
  end
  if #set > 0 then
    many('HSET', open, set)
    keep(open, ms)
  end
  return accepted, all
end
`

/**
 * `newQueue(at)`: collects what goes to the queue whose publishing keys start at KEYS[at]; `add` takes messages as
 * message-codec.ts packs them, `flush` writes them. A delayed one has a number in front.
 */
export const luaQueue = `local function newQueue(at)
  local lists, delayed, waiting = {}, {}, 0
  local queue = {}
  function queue.add(message, delay)
    if delay > 0 then
      delayed[#delayed + 1] = now + delay + 1
      delayed[#delayed + 1] = message
      waiting = waiting + 1
    else
      local priority = message:byte(3)
      local list = lists[priority]
      if not list then
        list = {}
        lists[priority] = list
      end
      list[#list + 1] = message
    end
  end
  function queue.flush()
    if waiting > 0 then
      local number = redis.call('INCRBY', KEYS[at + 2], waiting) - waiting
      for i = 2, #delayed, 2 do
        number = number + 1
        delayed[i] = struct.pack('>I6', number) .. delayed[i]
      end
      many('ZADD', KEYS[at + 1], delayed)
    end
    for priority, list in pairs(lists) do many('RPUSH', KEYS[at + 3 + priority], list) end
    -- Also for delayed ones: whoever waits has to look when the first of them is due.
    redis.call('ZADD', KEYS[at], 0, '1')
  end
  return queue
end
`
