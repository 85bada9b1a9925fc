import { script } from '../script.ts'
import { luaMany, luaNow, luaRecords, luaStore } from './parts.ts'

/**
 * Stores records, each unless a later or final one is there.
 *
 * KEYS both hashes of each bucket, then what is there while anybody watches, where that can be asked
 * ARGV[1] how many buckets; sections: number of the bucket, how many, 'e' when these tasks have ended, how long they are
 *   remembered, fields, values
 *
 * Answers '1' stored or '0' stale for each, in the order of the sections.
 */
export const put = script(
  'put',
  `${luaNow}${luaMany}${luaRecords}${luaStore}
local done = {}
local watcher = KEYS[2 * tonumber(ARGV[1]) + 1]
local watched = not watcher or redis.call('EXISTS', watcher) == 1
local at = 2
while at <= #ARGV do
  local bucket, size, isEnd, ms = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] == 'e', ARGV[at + 3]
  at = at + 4
  local fields, values = {}, {}
  for i = 1, size do
    fields[i] = ARGV[at + i - 1]
    values[i] = ARGV[at + size + i - 1]
  end
  at = at + 2 * size
  local stored = store(KEYS[2 * bucket - 1], KEYS[2 * bucket], isEnd, ms, fields, values, watched)
  for i = 1, size do done[#done + 1] = stored[i] and 1 or 0 end
end
return table.concat(done)
`,
)

/**
 * Gives a run the right to write, and takes it from all before.
 *
 * KEYS both hashes of each bucket
 * ARGV sections: number of the bucket, how many, fields, then per claim: generation, attempt, the run, how long it is
 *   remembered without a record
 *
 * Answers the epoch for each in the order of the sections, or -1 superseded, -2 terminal, -3 revoked.
 */
export const claim = script(
  'claim',
  `${luaNow}${luaMany}${luaRecords}
local outcomes = {}
local at = 1
while at <= #ARGV do
  local bucket, size = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local open, ended = KEYS[2 * bucket - 1], KEYS[2 * bucket]
  at = at + 2
  local olds, over = read(open, ended, { unpack(ARGV, at, at + size - 1) })
  local set, longest = {}, 0
  for i = 1, size do
    local field, from = ARGV[at + i - 1], at + size + 4 * (i - 1)
    local generation, attempt = tonumber(ARGV[from]), tonumber(ARGV[from + 1])
    local run = string.char(#ARGV[from + 2]) .. ARGV[from + 2]
    local old = alive(olds[i])
    local outcome, value
    local oldState, oldGeneration, oldAttempt, oldEpoch
    if old then oldState, oldGeneration, oldAttempt, oldEpoch = head(old) end
    if not old or oldGeneration < generation then
      outcome = 1
      -- Remembered, but it does not read as a record: its time to live is 0.
      local ms = tonumber(ARGV[from + 3])
      value = struct.pack('<BI4I4I6I6I6', 0, generation, attempt, 1, 0, ms) .. run .. stamp
      longest = math.max(longest, ms)
      if over[i] then redis.call('HDEL', ended, field) end
    elseif oldGeneration > generation then outcome = -1
    elseif oldState > 2 then outcome = oldState == 5 and -3 or -2
    elseif oldAttempt > attempt then outcome = -1
    elseif oldAttempt == attempt and old:byte(1) ~= 112 and old:sub(28, 28 + old:byte(28)) == run then
      outcome = oldEpoch
    elseif old:byte(1) == 112 then
      outcome = 1
      local ttl, name = old:sub(10, 15), old:byte(16)
      value = struct.pack('<BI4I4I6', 0, 0, attempt, 1) .. ttl .. ttl .. run .. old:sub(2, 9)
        .. struct.pack('<I2', name) .. old:sub(17, 16 + name)
        .. struct.pack('<I2', #old - 22 - name) .. old:sub(17 + name, -7) .. '{}' .. old:sub(-6)
    else
      outcome = oldEpoch + 1
      value = old:sub(1, 5) .. struct.pack('<I4I6', attempt, outcome) .. old:sub(16, 27)
        .. run .. old:sub(29 + old:byte(28))
    end
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    end
    outcomes[#outcomes + 1] = outcome
  end
  many('HSET', open, set)
  if longest > 0 then keep(open, longest) end
  at = at + 5 * size
end
return outcomes
`,
)

/**
 * Reads records, and leaves out those that are remembered only as a mark.
 *
 * KEYS both hashes of each bucket
 * ARGV sections: number of the bucket, how many, fields
 */
export const get = script(
  'get',
  `${luaNow}${luaRecords}
local found = {}
local at = 1
while at <= #ARGV do
  local bucket, size = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local values = read(KEYS[2 * bucket - 1], KEYS[2 * bucket], { unpack(ARGV, at + 2, at + 1 + size) })
  at = at + 2 + size
  for i = 1, size do
    local value = values[i]
    if value then
      local ttl = struct.unpack('<I6', value, value:byte(1) == 112 and 10 or 16)
      local stored = struct.unpack('<I6', value, #value - 5)
      if stored + ttl <= now then value = false end
    end
    found[#found + 1] = value
  end
end
return found
`,
)
