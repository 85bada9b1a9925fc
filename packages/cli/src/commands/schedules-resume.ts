import { command } from '../flags/define.ts'
import { oneScheduleFlags } from '../flags/schedule-flags.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

export const schedulesResume = command({
  name: 'schedules resume',
  description: 'Run it again, from now on',
  flags: oneScheduleFlags,
  async run(values) {
    await withApp(values, (app) => app.schedules.resume(values.name))
    print(values.json, { resumed: values.name }, () => `${values.name}: resumed`)
  },
})
