import { script } from '../script.ts'
import { luaAcceptRecord, luaMany, luaNow, luaQueue } from './parts.ts'

/**
 * Adds messages and their records, each pair in one step with all others; a task that was accepted before adds
 * nothing.
 *
 * KEYS the queue's publishing keys, then the keys of the records in order
 * ARGV[1] how long the records are remembered when it is the same for all and nothing is delayed, else ''; per message:
 *   the message, its record or ''; without ARGV[1] also its delay and how long its record is remembered
 */
export const send = script(
  'send',
  `${luaNow}${luaMany}${luaQueue}${luaAcceptRecord}
local queue = newQueue(1)
local at = 13
local px = ARGV[1]
local width = px == '' and 4 or 2
for i = 2, #ARGV, width do
  local record = ARGV[i + 1]
  local accepted = true
  if record ~= '' then
    at = at + 1
    accepted = acceptRecord(KEYS[at], record, width == 2 and px or ARGV[i + 3])
  end
  if accepted then queue.add(ARGV[i], width == 2 and 0 or tonumber(ARGV[i + 2])) end
end
queue.flush()
return 1
`,
)
