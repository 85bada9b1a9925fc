import { appBrand, type QueueInfo, type WorkerInfo } from '@tq/core'
import type { Overview, QueueRow, WorkerRow } from '../wire/overview.ts'
import type { AuditRow } from '../wire/records.ts'
import { limitOf, type Read, type ReadContext } from './read.ts'
import { warningsOf } from './warnings.ts'

/** What every page shows around its own matter: queues, workers, warnings. */
export const overview: Read = {
  everyMs: 2_000,
  async load(context): Promise<Overview> {
    const { app, waiting } = context
    const [queues, workers] = await Promise.all([allQueues(context), app.inspect.workers()])
    const busy = queues.filter(({ counts }) => counts === undefined || counts.ready > 0)
    waiting.refresh(busy.map(({ name }) => name))
    const queueRows = queues.map((queue) => toQueueRow(queue, waiting))
    const workerRows = workers.map(toWorkerRow)
    const now = Date.now()
    const names = new Set([
      ...workers.flatMap(({ tasks }) => tasks),
      ...app[appBrand].runtime.registry.names(),
    ])
    return {
      at: now,
      queues: queueRows,
      workers: workerRows,
      warnings: warningsOf(queueRows, workerRows, now),
      names: [...names].sort(),
    }
  },
}

/** What was done by whom, the newest first. */
export const audit: Read = {
  everyMs: 5_000,
  async load({ app }, query): Promise<readonly AuditRow[]> {
    return await app.inspect.audit({ limit: limitOf(query, 200) })
  },
}

/** Those that workers know, and those that only senders do: nobody listens there, which is worth knowing most. */
async function allQueues({ app, waiting }: ReadContext): Promise<readonly QueueInfo[]> {
  const known = await app.inspect.queues()
  const names = new Set(known.map(({ name }) => name))
  const unknown = [...waiting.queues].filter((name) => name !== '' && !names.has(name))
  if (unknown.length === 0) return known
  const others = unknown.map(async (name) => ({
    name,
    counts: await app.counts(name).catch(() => undefined),
    dead: undefined,
    paused: undefined,
    workers: [],
  }))
  const all = [...known, ...(await Promise.all(others))]
  return all.sort((one, other) => (one.name < other.name ? -1 : 1))
}

function toQueueRow(queue: QueueInfo, waiting: ReadContext['waiting']): QueueRow {
  const { name, counts, dead, paused, workers } = queue
  return {
    name,
    counts: counts
      ? { ready: counts.ready, leased: counts.leased ?? null, delayed: counts.delayed ?? null }
      : null,
    dead: dead ?? null,
    paused: paused
      ? {
          since: paused.since,
          by: paused.by,
          ...(paused.reason === undefined ? {} : { reason: paused.reason }),
        }
      : null,
    workers,
    oldestAt: waiting.of(name, counts === undefined || counts.ready > 0),
  }
}

function toWorkerRow(worker: WorkerInfo): WorkerRow {
  const { process, rates, broker: _b, backend: _s, ...rest } = worker
  return {
    ...rest,
    perSecond: rates.succeeded + rates.failed + rates.retried,
    lagMs: process.loopLag.maxMs,
    cpu: process.cpu,
    rss: process.memory.rss,
  }
}
