import { type Duration, type TaskInfo, TqError } from '@tq/core'
import { connectionFlags, timeoutFlag } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import type { Flags } from '../flags/flag.ts'
import { print, show } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

const flags = {
  id: { type: 'positional', description: 'Id of the task', required: true },
  wait: { type: 'boolean', description: 'Wait until it has ended, print the value', env: 'TQ_WAIT' },
  ...timeoutFlag,
  ...connectionFlags,
} as const satisfies Flags

export const result = command({
  name: 'result',
  description: 'Show what became of a task',
  flags,
  async run(values) {
    const { id, wait, timeout, json } = values
    await withApp(values, async (app) => {
      const handle = app.result(id)
      const value = wait
        ? await handle.get(timeout === undefined ? {} : { timeout: timeout as Duration })
        : undefined
      const info = await handle.info()
      if (!info)
        throw new TqError(
          'UNKNOWN_RESULT',
          `Nothing is known of task ${id}: never sent here, or its result has expired.`,
        )
      print(json, info, () => (wait ? show(value) : describe(info)))
    })
  },
})

/** One fact per line. */
function describe(info: TaskInfo): string {
  const { error, progress, sentAt, startedAt, endedAt } = info
  const facts: readonly (readonly [string, unknown])[] = [
    ['id', info.id],
    ['task', info.name],
    ['queue', info.queue],
    ['state', info.state],
    ['attempt', info.attempt || undefined],
    ['result', info.result],
    ['error', error && `${error.name}: ${error.message}`],
    ['reason', info.reason],
    ['progress', progress && `${Math.round(progress.fraction * 100)} % ${progress.message ?? ''}`.trimEnd()],
    ['worker', info.worker],
    ['sent', sentAt?.toISOString()],
    ['started', startedAt?.toISOString()],
    ['ended', endedAt?.toISOString()],
  ]
  const known = facts.filter(([, value]) => value !== undefined)
  return known.map(([name, value]) => `${name.padEnd(9)}${show(value)}`).join('\n')
}
