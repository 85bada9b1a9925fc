// Lua that several scripts of the state store share.

/** `micros`: the server's time in microseconds since 1970; below 2^53 for centuries. */
export const luaMicros = `local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = micros / 1000
`

/** `keepFor(key, ms)`: a key lives at least so long from now, and no shorter than it would have. */
export const luaKeep = `local function keepFor(key, ms)
  local left = redis.call('PTTL', key)
  if left == -1 or (left >= 0 and left < tonumber(ms)) then redis.call('PEXPIRE', key, ms) end
end
`
