import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { toFlag } from '../../flags/steer-flags.ts'
import { printAnswers } from '../../output/answers.ts'
import { asked } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

export const ping = command({
  name: 'inspect ping',
  description: 'Which workers answer',
  flags: { ...toFlag, ...connectionFlags },
  async run(values) {
    const answers = await withApp(values, (app) => app.inspect.ping(asked(values)))
    printAnswers(values.json, answers, (value) => value ?? '')
  },
})
