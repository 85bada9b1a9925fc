import { script } from '../script.ts'

/**
 * Removes everything ready and delayed.
 *
 * KEYS wake, delayed, the ten ready lists
 */
export const purge = script(
  'purge',
  `local gone = redis.call('ZCARD', KEYS[2])
for i = 3, #KEYS do gone = gone + redis.call('LLEN', KEYS[i]) end
redis.call('UNLINK', unpack(KEYS))
return gone
`,
)

/**
 * How much is ready and delayed, and who holds leases.
 *
 * KEYS leases, delayed, the ten ready lists
 */
export const count = script(
  'count',
  `local clock = redis.call('TIME')
local due = redis.call('ZCOUNT', KEYS[2], '-inf', clock[1] * 1000 + math.floor(clock[2] / 1000))
local ready = due
for i = 3, #KEYS do ready = ready + redis.call('LLEN', KEYS[i]) end
return { ready, redis.call('ZCARD', KEYS[2]) - due, unpack(redis.call('ZRANGE', KEYS[1], 0, -1)) }
`,
)
