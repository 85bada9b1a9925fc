import type { Duration, WorkerOptions } from '@tq/core'
import { bytes, port, wholeNumber } from '../flags/convert.ts'
import type { WorkerValues } from './worker-flags.ts'

/** The flags as core's options: only what was said, since defaults are core's. */
export function toWorkerOptions(values: WorkerValues, modules: readonly string[]): WorkerOptions {
  const { queues, burst, beat, grace, lease, name, supervised, 'metrics-host': metricsHost } = values
  const concurrency = wholeNumber(values.concurrency, 'concurrency')
  const maxTasks = wholeNumber(values['max-tasks-per-process'], 'max-tasks-per-process')
  const maxMemory = bytes(values['max-memory'], 'max-memory')
  const metricsPort = portOf(values)
  // Each process of one supervisor has a name of its own.
  const ownName = name !== undefined && supervised !== undefined ? `${name}-${supervised}` : name
  return {
    modules,
    burst,
    beat,
    order: values['strict-order'] ? 'strict' : 'fair',
    ...(queues.length > 0 ? { queues } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(grace === undefined ? {} : { grace: grace as Duration }),
    ...(lease === undefined ? {} : { lease: lease as Duration }),
    ...(maxTasks === undefined ? {} : { maxTasks }),
    ...(maxMemory === undefined ? {} : { maxMemory }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(metricsHost === undefined ? {} : { metricsHost }),
    ...(ownName === undefined ? {} : { name: ownName }),
  }
}

/** The processes of one supervisor have ports in a row. */
function portOf({ 'metrics-port': text, supervised }: WorkerValues): number | undefined {
  const first = port(text, 'metrics-port')
  return first && supervised !== undefined ? first + Number(supervised) - 1 : first
}
