import { command } from '../../flags/define.ts'
import type { Flags } from '../../flags/flag.ts'
import { actingFlags } from '../../flags/steer-flags.ts'
import { printAnswers } from '../../output/answers.ts'
import { print } from '../../output/print.ts'
import { acting } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

const id = {
  id: { type: 'positional', description: 'Id of the task', required: true },
} as const satisfies Flags

export const revoke = command({
  name: 'control revoke',
  description: 'A waiting task never starts; a running one is told to stop',
  flags: {
    ...id,
    terminate: { type: 'boolean', description: 'Kill the process of an isolated task', env: 'TQ_TERMINATE' },
    reason: { type: 'string', description: 'Kept with the task', valueHint: 'text', env: 'TQ_REASON' },
    ...actingFlags,
  },
  async run(values) {
    const { terminate, reason, json } = values
    const revoked = await withApp(values, (app) =>
      app.control.revoke(values.id, {
        ...acting(values),
        terminate,
        ...(reason === undefined ? {} : { reason }),
      }),
    )
    print(json, { id: values.id, revoked }, () => (revoked ? 'Revoked.' : 'It had ended already.'))
  },
})

export const retry = command({
  name: 'control retry',
  description: 'Run a task that has failed once more',
  flags: { ...id, ...actingFlags },
  async run(values) {
    await withApp(values, (app) => app.control.retry(values.id, acting(values)))
    print(values.json, { id: values.id, retried: true }, () => 'Sent again.')
  },
})

export const rateLimit = command({
  name: 'control rate-limit',
  description: 'Another rate for a task that has a rateLimit; without one, that of its definition',
  flags: {
    task: { type: 'positional', description: 'Name of the task', required: true },
    rate: { type: 'positional', description: 'Such as 100/m' },
    ...actingFlags,
  },
  async run(values) {
    const { task, rate, json } = values
    const answers = await withApp(values, (app) => app.control.rateLimit(task, rate, acting(values)))
    printAnswers(json, answers, () => `${task} ${rate ?? 'as defined'}`)
  },
})
