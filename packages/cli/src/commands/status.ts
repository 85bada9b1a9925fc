import type { WorkerInfo } from '@tq/core'
import { connectionFlags } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import { age, print, table } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

const head = ['WORKER', 'STATE', 'QUEUES', 'SLOTS', 'ACTIVE', 'RESERVED', 'OK', 'FAILED', 'RETRIED', 'UP']

export const status = command({
  name: 'status',
  description: 'List the live workers',
  flags: connectionFlags,
  async run(values) {
    const workers = await withApp(values, (app) => app.workers())
    const sorted = [...workers].sort((a, b) => a.name.localeCompare(b.name))
    print(values.json, sorted, () =>
      sorted.length === 0 ? 'No worker is alive.' : table(head, sorted.map(toRow)),
    )
  },
})

function toRow(worker: WorkerInfo): readonly (string | number)[] {
  const { name, state, queues, concurrency, active, reserved, succeeded, failed, retried } = worker
  const up = age(worker.updatedAt - worker.startedAt)
  return [name, state, queues.join(','), concurrency, active.length, reserved, succeeded, failed, retried, up]
}
