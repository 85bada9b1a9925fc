import type { QueueInfo } from '@tq/core'
import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['QUEUE', 'READY', 'RUNNING', 'DELAYED', 'DEAD', 'WORKERS', 'STATE']

export const queues = command({
  name: 'inspect queues',
  description: 'Queues, what waits in them, and who takes from them',
  flags: connectionFlags,
  async run(values) {
    const found = await withApp(values, (app) => app.inspect.queues())
    print(values.json, found, () => table(head, found.map(toRow)))
  },
})

function toRow({ name, counts, dead, workers, paused }: QueueInfo): readonly (string | number)[] {
  const state = paused
    ? `paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ''}`
    : workers.length === 0
      ? 'no worker'
      : ''
  const { ready = '?', leased = '?', delayed = '?' } = counts ?? {}
  return [name, ready, leased, delayed, dead ?? '?', workers.length, state]
}
