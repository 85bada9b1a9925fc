import { command } from '../../flags/define.ts'
import { actingFlags, queueArgument } from '../../flags/steer-flags.ts'
import { print } from '../../output/print.ts'
import { acting } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

export const pause = command({
  name: 'control pause',
  description: 'No worker takes tasks from the queue until it is resumed',
  flags: {
    ...queueArgument,
    reason: { type: 'string', description: 'Shown to others', valueHint: 'text', env: 'TQ_REASON' },
    ...actingFlags,
  },
  async run(values) {
    const { queue, reason, json } = values
    const answers = await withApp(values, (app) =>
      app.control.pause(queue, { ...acting(values), ...(reason === undefined ? {} : { reason }) }),
    )
    const silent = answers.filter(({ error }) => error !== undefined).map(({ worker }) => worker.name)
    print(json, { paused: queue, workers: answers }, () =>
      silent.length === 0
        ? `${queue} is paused.`
        : `${queue} is paused; not confirmed by ${silent.join(', ')}.`,
    )
  },
})

export const resume = command({
  name: 'control resume',
  description: 'Workers take tasks from the queue again',
  flags: { ...queueArgument, ...actingFlags },
  async run(values) {
    const { queue, json } = values
    const resumed = await withApp(values, (app) => app.control.resume(queue, acting(values)))
    print(json, { queue, resumed }, () => (resumed ? `${queue} is resumed.` : `${queue} was not paused.`))
  },
})
