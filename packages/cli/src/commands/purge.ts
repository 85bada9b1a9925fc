import type { App } from '@tq/core'
import { connectionFlags, namedQueuesFlag } from '../flags/common-flags.ts'
import { queueNames } from '../flags/convert.ts'
import { command } from '../flags/define.ts'
import type { Flags } from '../flags/flag.ts'
import { usageError } from '../output/command-error.ts'
import { canAsk, confirm } from '../output/confirm.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

const flags = {
  queues: { ...namedQueuesFlag.queues, description: 'Queues to empty' },
  force: { type: 'boolean', description: 'Do not ask', alias: 'f', env: 'TQ_FORCE' },
  ...connectionFlags,
} as const satisfies Flags

export const purge = command({
  name: 'purge',
  description: 'Delete the waiting tasks of queues',
  flags,
  async run(values) {
    const { force, json } = values
    const queues = queueNames(values.queues)
    if (!force && !canAsk()) throw usageError('tq purge: there is no terminal to ask on; use --force.')
    await withApp(values, async (app) => {
      if (!force) await confirm(`Delete all waiting tasks of ${await withCounts(app, queues)}?`)
      const deleted: Record<string, number> = {}
      for (const queue of queues) deleted[queue] = await app.purge(queue)
      const lines = () => Object.entries(deleted).map(([queue, count]) => `${queue}: ${count} deleted`)
      print(json, { deleted }, () => lines().join('\n'))
    })
  },
})

/** `mail (12), reports (0)` */
async function withCounts(app: App<unknown>, queues: readonly string[]): Promise<string> {
  const counts = await Promise.all(queues.map((queue) => app.counts(queue)))
  return queues
    .map((queue, index) => `${queue} (${(counts[index]?.ready ?? 0) + (counts[index]?.delayed ?? 0)})`)
    .join(', ')
}
