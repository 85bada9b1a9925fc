import type { BulkProgress, Duration, Priority } from '@tq/core'
import { duration, priorityLevel, queueName, time } from '../../flags/checks.ts'
import { command } from '../../flags/define.ts'
import { filterFlags, filterOf } from '../../flags/filter-flags.ts'
import type { Flags } from '../../flags/flag.ts'
import { actingFlags } from '../../flags/steer-flags.ts'
import { printAnswers } from '../../output/answers.ts'
import { usageError } from '../../output/command-error.ts'
import { print } from '../../output/print.ts'
import { acting } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

const id = {
  id: { type: 'positional', description: 'Id of the task' },
} as const satisfies Flags

export const revoke = command({
  name: 'control revoke',
  description: 'A waiting task never starts; a running one is told to stop',
  flags: {
    ...id,
    ...filterFlags,
    terminate: { type: 'boolean', description: 'Kill the process of an isolated task', env: 'TQ_TERMINATE' },
    reason: { type: 'string', description: 'Kept with the task', valueHint: 'text', env: 'TQ_REASON' },
    ...actingFlags,
  },
  async run(values) {
    const { terminate, reason, json } = values
    const options = { ...acting(values), terminate, ...(reason === undefined ? {} : { reason }) }
    const filter = filterOf(values, values.id, 'tq control revoke')
    if (filter) {
      const last = await withApp(values, (app) => toEnd(app.control.revokeAll(filter, options)))
      return print(json, last, () => `${last.succeeded} of ${last.done} revoked.`)
    }
    const one = String(values.id)
    const revoked = await withApp(values, (app) => app.control.revoke(one, options))
    print(json, { id: one, revoked }, () => (revoked ? 'Revoked.' : 'It had ended already.'))
  },
})

const { state: _, ...failedFlags } = filterFlags

export const retry = command({
  name: 'control retry',
  description: 'Run a task that has failed once more, or a failed workflow from where it failed',
  flags: { ...id, ...failedFlags, ...actingFlags },
  async run(values) {
    const filter = filterOf(values, values.id, 'tq control retry')
    if (filter) {
      const last = await withApp(values, (app) => toEnd(app.control.retryAll(filter, acting(values))))
      return print(values.json, last, () => `${last.succeeded} of ${last.done} sent again.`)
    }
    const one = String(values.id)
    await withApp(values, (app) => app.control.retry(one, acting(values)))
    print(values.json, { id: one, retried: true }, () => 'Sent again.')
  },
})

/** How far an action on many tasks came. */
async function toEnd(walk: AsyncGenerator<BulkProgress, BulkProgress>): Promise<BulkProgress> {
  for (;;) {
    const { done, value } = await walk.next()
    if (done) return value
  }
}

const queued = {
  id: { type: 'positional', description: 'Id of the task', required: true },
  queue: {
    type: 'string',
    description: 'Where it waits, for a task of which no record tells',
    valueHint: 'name',
    check: queueName,
  },
  ...actingFlags,
} as const satisfies Flags

const inQueue = ({ queue }: { readonly queue?: string | undefined }) => (queue === undefined ? {} : { queue })

export const promote = command({
  name: 'control promote',
  description: 'A task that waits for its time or its backoff may run at once',
  flags: queued,
  async run(values) {
    const { id, json } = values
    await withApp(values, (app) => app.control.promote(id, { ...acting(values), ...inQueue(values) }))
    print(json, { id, promoted: true }, () => 'It may run at once.')
  },
})

export const reschedule = command({
  name: 'control reschedule',
  description: 'A task that waits runs at another time',
  flags: {
    ...queued,
    countdown: {
      type: 'string',
      description: 'In how long, such as 2h',
      valueHint: 'duration',
      check: duration,
    },
    eta: { type: 'string', description: 'When, as an ISO 8601 time', valueHint: 'time', check: time },
  },
  async run(values) {
    const { id, countdown, eta, json } = values
    const when = {
      ...(countdown === undefined ? {} : { countdown: countdown as Duration }),
      ...(eta === undefined ? {} : { eta: new Date(eta) }),
    }
    if (Object.keys(when).length !== 1)
      throw usageError('tq control reschedule: give either --countdown or --eta.')
    await withApp(values, (app) =>
      app.control.reschedule(id, when, { ...acting(values), ...inQueue(values) }),
    )
    print(
      json,
      { id, rescheduled: true },
      () => `It runs ${eta === undefined ? `in ${countdown}` : `at ${eta}`}.`,
    )
  },
})

export const priority = command({
  name: 'control priority',
  description: 'A task that waits goes before others, or behind them',
  flags: {
    id: queued.id,
    priority: {
      type: 'positional',
      description: '0 (last) to 9 (first)',
      required: true,
      check: priorityLevel,
    },
    queue: queued.queue,
    ...actingFlags,
  },
  async run(values) {
    const { id, json } = values
    const level = Number(values.priority) as Priority
    await withApp(values, (app) =>
      app.control.setPriority(id, level, { ...acting(values), ...inQueue(values) }),
    )
    print(json, { id, priority: level }, () => `Its priority is ${level}.`)
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
