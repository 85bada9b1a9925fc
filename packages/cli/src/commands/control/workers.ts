import type { Duration } from '@tq/core'
import { duration } from '../../flags/checks.ts'
import { command } from '../../flags/define.ts'
import { actingFlags, queueArgument, toFlag } from '../../flags/steer-flags.ts'
import { printAnswers } from '../../output/answers.ts'
import { usageError } from '../../output/command-error.ts'
import { acting, asked } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

const flags = { ...toFlag, ...actingFlags }

export const concurrency = command({
  name: 'control concurrency',
  description: 'Give each worker so many slots, until it ends',
  flags: { slots: { type: 'positional', description: 'How many', required: true }, ...flags },
  async run(values) {
    const slots = Number(values.slots)
    if (!Number.isSafeInteger(slots) || slots < 1)
      throw usageError(`SLOTS '${values.slots}' is not a whole number of at least 1.`)
    const answers = await withApp(values, (app) =>
      app.control.concurrency(slots, { ...asked(values), ...acting(values) }),
    )
    printAnswers(values.json, answers, () => (slots === 1 ? '1 slot' : `${slots} slots`))
  },
})

export const addConsumer = command({
  name: 'control add-consumer',
  description: 'Workers take tasks from this queue, too, until they end',
  flags: { ...queueArgument, ...flags },
  async run(values) {
    const { queue, json } = values
    const answers = await withApp(values, (app) =>
      app.control.addConsumer(queue, { ...asked(values), ...acting(values) }),
    )
    printAnswers(json, answers, () => `takes from ${queue}`)
  },
})

export const cancelConsumer = command({
  name: 'control cancel-consumer',
  description: 'Workers take no more tasks from this queue, until they end',
  flags: { ...queueArgument, ...flags },
  async run(values) {
    const { queue, json } = values
    const answers = await withApp(values, (app) =>
      app.control.cancelConsumer(queue, { ...asked(values), ...acting(values) }),
    )
    printAnswers(json, answers, () => `takes no more from ${queue}`)
  },
})

export const shutdown = command({
  name: 'control shutdown',
  description: 'Stop workers as SIGTERM does; a supervisor may start new ones',
  flags: {
    grace: {
      type: 'string',
      description: 'How long running tasks may go on (as started)',
      valueHint: 'duration',
      check: duration,
      env: 'TQ_SHUTDOWN_TIMEOUT',
    },
    ...flags,
  },
  async run(values) {
    const { grace, json } = values
    const answers = await withApp(values, (app) =>
      app.control.shutdown({
        ...asked(values),
        ...acting(values),
        ...(grace === undefined ? {} : { grace: grace as Duration }),
      }),
    )
    printAnswers(json, answers, () => 'stops')
  },
})
