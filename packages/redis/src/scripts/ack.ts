import { script } from '../script.ts'

/**
 * Removes deliveries of a receiver. One that was taken away, or is done already, is not there any more.
 *
 * KEYS the receiver's hash
 * ARGV numbers of deliveries
 *
 * Answers '1' or '0' for each.
 */
export const ack = script(
  'ack',
  `local done = {}
for i = 1, #ARGV do done[i] = redis.call('HDEL', KEYS[1], ARGV[i]) end
return table.concat(done)
`,
)
