import { command } from '../flags/define.ts'
import { oneScheduleFlags } from '../flags/schedule-flags.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

export const schedulesRun = command({
  name: 'schedules run',
  description: 'Send what it sends, once, now; print the id',
  flags: oneScheduleFlags,
  async run(values) {
    const { id } = await withApp(values, (app) => app.schedules.runNow(values.name))
    print(values.json, { id }, () => id)
  },
})
