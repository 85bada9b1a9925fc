import { arch, hostname, platform } from 'node:os'
import { definedRates } from '../runtime/rate-overrides.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import {
  heartbeatMsOf,
  type ProcessHealth,
  type WorkerInfo,
  type WorkerTask,
} from '../runtime/worker-list.ts'
import { version } from '../util/version.ts'
import type { ActiveRun } from './active-run.ts'
import type { Engine } from './engine.ts'
import type { Job } from './job.ts'
import type { TaskCounter } from './task-counter.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

const mostActive = 100

const versions = Object.freeze({ tq: version, node: process.version, platform: `${platform()}-${arch()}` })

/** What there is to tell of a worker. */
export interface WorkerState {
  readonly id: string
  readonly options: ResolvedWorkerOptions
  readonly state: 'running' | 'stopping'
  readonly startedAt: number
  readonly engine: Engine | undefined
  readonly counter: TaskCounter
  readonly health: ProcessHealth
}

export function describeWorker(
  runtime: Runtime,
  connection: Connection | undefined,
  { id, options, state, startedAt, engine, counter, health }: WorkerState,
): WorkerInfo {
  const queues = engine?.queues ?? options.queues
  const paused = engine?.paused ?? []
  const { succeeded, failed, retried } = counter.totals
  return {
    id,
    name: options.name,
    host: hostname(),
    pid: process.pid,
    queues: queues.map(({ name }) => name),
    paused,
    tasks: runtime.registry.names(),
    rateLimits: definedRates(runtime.registry),
    concurrency: engine?.concurrency ?? options.concurrency,
    state: state === 'running' && queues.length > 0 && paused.length === queues.length ? 'paused' : state,
    startedAt,
    updatedAt: runtime.clock.now(),
    heartbeatMs: connection?.backend ? heartbeatMsOf(connection.backend) : 0,
    // Runs are kept in the order they started.
    active: firstOf(engine?.active ?? [], mostActive).map(toActive),
    running: engine?.active.size ?? 0,
    reserved: engine?.reserved ?? 0,
    succeeded,
    failed,
    retried,
    rates: counter.rates,
    process: health,
    versions,
    broker: {
      name: connection?.broker.name ?? '',
      capabilities: connection?.broker.capabilities ?? ({} as Connection['broker']['capabilities']),
    },
    backend: connection?.backend?.name ?? '',
  }
}

export function toWorkerTask({ envelope, queue }: Job): WorkerTask {
  return { id: envelope.id, name: envelope.task, queue, attempt: envelope.attempt }
}

export function toActive({ job, startedAt }: ActiveRun): WorkerTask & { readonly startedAt: number } {
  return { ...toWorkerTask(job), startedAt }
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.length === most) break
    first.push(item)
  }
  return first
}
