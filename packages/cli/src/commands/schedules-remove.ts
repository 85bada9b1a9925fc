import { TqError } from '@tq/core'
import { command } from '../flags/define.ts'
import { oneScheduleFlags } from '../flags/schedule-flags.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

export const schedulesRemove = command({
  name: 'schedules remove',
  description: 'Delete one that was made at run time, or whose code is gone',
  flags: oneScheduleFlags,
  async run(values) {
    const { name } = values
    const removed = await withApp(values, (app) => app.schedules.remove(name))
    if (!removed) throw new TqError('UNKNOWN_SCHEDULE', `There is no schedule '${name}'.`)
    print(values.json, { removed: name }, () => `${name}: removed`)
  },
})
