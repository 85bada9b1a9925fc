import { deadActionFlags } from '../flags/dead-flags.ts'
import { command } from '../flags/define.ts'
import { actOnDead } from '../tasks/act-on-dead.ts'

export const deadDrop = command({
  name: 'dead drop',
  description: 'Delete them',
  flags: deadActionFlags,
  run: (values) => actOnDead(values, 'dropped', (letters, queue, options) => letters.drop(queue, options)),
})
