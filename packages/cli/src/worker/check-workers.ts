import type { WorkerInfo } from '@tq/core'
import { queueNames } from '../flags/convert.ts'
import { print } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'
import type { WorkerValues } from './worker-flags.ts'

/** Exit code 0 when every queue named has a live worker, 1 when one has none. Without queues: any worker will do. */
export async function checkWorkers(values: WorkerValues): Promise<void> {
  const queues = queueNames(values.queues)
  const workers = await withApp(values, (app) => app.workers())
  const alive = workers.filter(({ state }) => state !== 'stopping')
  const without = queues.filter((queue) => !alive.some((worker) => worker.queues.includes(queue)))
  const matching = queues.length === 0 ? alive : alive.filter((one) => servesAny(one, queues))
  const ok = matching.length > 0 && without.length === 0
  print(values.json, { ok, workers: matching.map(({ name }) => name), queuesWithoutWorker: without }, () => {
    if (ok) return `ok: ${matching.map(({ name }) => name).join(', ')}`
    return without.length > 0 ? `no live worker of ${without.join(', ')}` : 'no live worker'
  })
  process.exitCode = ok ? 0 : 1
}

function servesAny(worker: WorkerInfo, queues: readonly string[]): boolean {
  return queues.some((queue) => worker.queues.includes(queue))
}
