import { script } from '../script.ts'
import { luaMany, luaNow, luaQueue } from './parts.ts'

/**
 * Adds messages to a queue.
 *
 * KEYS the queue's publishing keys
 * ARGV[1] 'd' when each message is followed by its delay; then the messages
 */
export const publish = script(
  'publish',
  `${luaNow}${luaMany}${luaQueue}
local queue = newQueue(1)
if ARGV[1] == 'd' then
  for i = 2, #ARGV, 2 do queue.add(ARGV[i], tonumber(ARGV[i + 1])) end
else
  for i = 2, #ARGV do queue.add(ARGV[i], 0) end
end
queue.flush()
return #ARGV
`,
)
