import { deadActionFlags } from '../flags/dead-flags.ts'
import { command } from '../flags/define.ts'
import { actOnDead } from '../tasks/act-on-dead.ts'

export const deadRetry = command({
  name: 'dead retry',
  description: 'Send them back to their queue',
  flags: deadActionFlags,
  run: (values) => actOnDead(values, 'retried', (letters, queue, options) => letters.retry(queue, options)),
})
