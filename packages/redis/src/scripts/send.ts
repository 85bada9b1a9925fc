import { script } from '../script.ts'
import { luaAcceptRecord, luaMany, luaNow, luaQueue } from './parts.ts'

/**
 * Adds messages and their records, each pair in one step with all others; a task that was accepted before adds
 * nothing.
 *
 * KEYS the queue's publishing keys, then the keys of the records in order
 * ARGV per message: the message, its delay, its record ('' without), how long that is remembered
 */
export const send = script(
  'send',
  `${luaNow}${luaMany}${luaQueue}${luaAcceptRecord}
local queue = newQueue(1)
local at = 13
for i = 1, #ARGV, 4 do
  local record = ARGV[i + 2]
  local accepted = true
  if record ~= '' then
    at = at + 1
    accepted = acceptRecord(KEYS[at], record, ARGV[i + 3])
  end
  if accepted then queue.add(ARGV[i], tonumber(ARGV[i + 1])) end
end
queue.flush()
return 1
`,
)
