import { script } from '../script.ts'
import { luaPutRecord, luaReadAll } from './parts.ts'

/**
 * Stores records, each unless a later or final one is there.
 *
 * KEYS what is there while anybody watches, the keys of the records
 * ARGV per record: its value, how long it is remembered
 *
 * Answers '1' stored or '0' stale for each.
 */
export const put = script(
  'put',
  `${luaReadAll}${luaPutRecord}
local done, written = {}, {}
local watched = redis.call('EXISTS', KEYS[1]) == 1
local keys = {}
for n = 2, #KEYS do keys[n - 1] = KEYS[n] end
local old = readAll(keys)
for i = 2, #KEYS do
  -- Named twice in one call: the second has to see the first.
  if written[KEYS[i]] then old[i - 1] = redis.call('GET', KEYS[i]) end
  if putRecord(KEYS[i], ARGV[2 * i - 3], ARGV[2 * i - 2], old[i - 1]) then
    done[i - 1] = 1
    written[KEYS[i]] = true
    if watched then redis.call('PUBLISH', KEYS[i], '') end
  else
    done[i - 1] = 0
  end
end
return table.concat(done)
`,
)

/**
 * Gives a run the right to write, and takes it from all before.
 *
 * KEYS the keys of the records
 * ARGV per claim: generation, attempt, the run, how long it is remembered without a record
 *
 * Answers the epoch for each, or -1 superseded, -2 terminal, -3 revoked.
 */
export const claim = script(
  'claim',
  `local outcomes = {}
for i = 1, #KEYS do
  local generation, attempt = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local run, px = ARGV[4 * i - 1], ARGV[4 * i]
  local old = redis.call('GET', KEYS[i])
  local outcome
  local oldState, oldGeneration, oldAttempt, oldEpoch
  if old then oldState, oldGeneration, oldAttempt, oldEpoch = struct.unpack('<BI4I4I6', old) end
  if not old or oldGeneration < generation then
    outcome = 1
    -- Remembered, but it does not read as a record: its time to live is 0.
    local head = struct.pack('<BI4I4I6I6I6', 0, generation, attempt, 1, 0, tonumber(px))
    redis.call('SET', KEYS[i], head .. string.char(#run) .. run, 'PX', px)
  elseif oldGeneration > generation then outcome = -1
  elseif oldState > 2 then outcome = oldState == 5 and -3 or -2
  elseif oldAttempt > attempt then outcome = -1
  elseif oldAttempt == attempt and old:sub(29, 28 + old:byte(28)) == run then outcome = oldEpoch
  else
    outcome = oldEpoch + 1
    local head = old:sub(1, 5) .. struct.pack('<I4I6', attempt, outcome) .. old:sub(16, 27)
    redis.call('SET', KEYS[i], head .. string.char(#run) .. run .. old:sub(29 + old:byte(28)), 'KEEPTTL')
  end
  outcomes[i] = outcome
end
return outcomes
`,
)

/**
 * Reads records, and leaves out those that are remembered only as a mark.
 *
 * KEYS the keys of the records
 */
export const get = script(
  'get',
  `local found = {}
for i = 1, #KEYS do
  local record = redis.call('GET', KEYS[i])
  if record then
    local ttl, mark = struct.unpack('<I6I6', record, 16)
    if ttl == 0 or (mark > ttl and redis.call('PTTL', KEYS[i]) <= mark - ttl) then record = false end
  end
  found[i] = record
end
return found
`,
)
