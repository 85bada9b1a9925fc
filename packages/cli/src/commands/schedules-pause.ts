import { command } from '../flags/define.ts'
import { oneScheduleFlags } from '../flags/schedule-flags.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

export const schedulesPause = command({
  name: 'schedules pause',
  description: 'No more runs until it is resumed; deploys keep it so',
  flags: oneScheduleFlags,
  async run(values) {
    await withApp(values, (app) => app.schedules.pause(values.name))
    print(values.json, { paused: values.name }, () => `${values.name}: paused`)
  },
})
