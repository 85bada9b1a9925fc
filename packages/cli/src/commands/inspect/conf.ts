import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { toFlag } from '../../flags/steer-flags.ts'
import { printAnswers } from '../../output/answers.ts'
import { asked } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

export const conf = command({
  name: 'inspect conf',
  description: 'What each worker was started with',
  flags: { ...toFlag, ...connectionFlags },
  async run(values) {
    const answers = await withApp(values, (app) => app.inspect.conf(asked(values)))
    printAnswers(values.json, answers, (value) => JSON.stringify(value, readable, 2))
  },
})

/** No limit is a number, for core and for programs. */
function readable(_: string, value: unknown): unknown {
  return value === Number.MAX_SAFE_INTEGER ? 'unlimited' : value
}
