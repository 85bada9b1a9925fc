// Lua that several scripts share. Redis scripts cannot call each other, so the text is put into each.

/** `now`: the server's time, in whole milliseconds since 1970. */
export const luaNow = `local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`

/**
 * `call(command, key, list)`: one command with many values, in pieces that Lua can hand over; \`size\` must be even
 * for pairs.
 */
export const luaMany = `local function many(command, key, list)
  local count = #list
  if count <= 4000 then
    if count > 0 then redis.call(command, key, unpack(list)) end
    return
  end
  for from = 1, count, 4000 do
    redis.call(command, key, unpack(list, from, math.min(from + 3999, count)))
  end
end
`

/** `readAll(keys)`: the values of many keys, in few commands. */
export const luaReadAll = `local function readAll(keys)
  local count = #keys
  if count == 0 then return {} end
  if count <= 4000 then return redis.call('MGET', unpack(keys)) end
  local values = {}
  for from = 1, count, 4000 do
    local some = redis.call('MGET', unpack(keys, from, math.min(from + 3999, count)))
    for i = 1, #some do values[from + i - 1] = some[i] end
  end
  return values
end
`

/**
 * `putRecord(key, value, px, old)`: stores a record unless a later or final one is there; true when stored. A record
 * is packed as record-codec.ts tells: state, generation, attempt, epoch, ttl, mark, the run that claimed it, the rest.
 */
export const luaPutRecord = `local function keepRun(old, value)
  local length = old:byte(28)
  if length == 0 then return value end
  return value:sub(1, 27) .. old:sub(28, 28 + length) .. value:sub(29)
end
local function putRecord(key, value, px, old)
  if old then
    local state, generation, attempt, epoch = struct.unpack('<BI4I4I6', old)
    local _, newGeneration, newAttempt, newEpoch = struct.unpack('<BI4I4I6', value)
    if newGeneration < generation then return false end
    if newGeneration == generation then
      if state > 2 then return false end
      if newAttempt < attempt or (newAttempt == attempt and newEpoch < epoch) then return false end
    end
    value = keepRun(old, value)
  end
  redis.call('SET', key, value, 'PX', px)
  return true
end
`

/** `acceptRecord(key, value, px)`: stores the record of a task that is sent; false when it was accepted before. */
export const luaAcceptRecord = `local function acceptRecord(key, value, px)
  if redis.call('SET', key, value, 'PX', px, 'NX') then return true end
  local old = redis.call('GETRANGE', key, 0, 282)
  local state, generation, attempt = struct.unpack('<BI4I4', old)
  local _, newGeneration, newAttempt = struct.unpack('<BI4I4', value)
  if newGeneration < generation then return false end
  if newGeneration == generation and (state > 2 or newAttempt <= attempt) then return false end
  redis.call('SET', key, value:sub(1, 27) .. old:sub(28, 28 + old:byte(28)) .. value:sub(29), 'PX', px)
  return true
end
`

/**
 * `newQueue(at)`: collects what goes to the queue whose publishing keys start at KEYS[at]; `add` takes packed messages
 * (message-codec.ts), `flush` writes them. A stored message is its number of lost leases, when it was sent, and what
 * the client packed; a delayed one has a number in front.
 */
export const luaQueue = `local fresh = struct.pack('<I2I6', 0, now)
local function newQueue(at)
  local lists, delayed, waiting = {}, {}, 0
  local queue = {}
  function queue.add(message, delay)
    if delay > 0 then
      delayed[#delayed + 1] = now + delay + 1
      delayed[#delayed + 1] = fresh .. message
      waiting = waiting + 1
    else
      local priority = message:byte(1)
      local list = lists[priority]
      if not list then
        list = {}
        lists[priority] = list
      end
      list[#list + 1] = fresh .. message
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
