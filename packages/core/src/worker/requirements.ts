import type { BrokerCapabilities } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** With less than this a delay would be a tight loop of hops. */
const shortestDelayMs: Millis = 1_000

/**
 * Refuses at start what could not be kept while running, by name and with the line that mends it.
 *
 * @throws TqError `CAPABILITY_MISSING`, `INVALID_OPTION`
 */
export function checkRequirements(
  runtime: Runtime,
  connection: Connection,
  options: ResolvedWorkerOptions,
): void {
  const { name, capabilities } = connection.broker
  if (!connection.backend && capabilities.maxDelayMs < shortestDelayMs) {
    throw new TqError(
      'CAPABILITY_MISSING',
      `${name} delays no single message as it is set up, so retries and countdowns need a backend to wait in. Set TQ_BACKEND_URL (redis://…, sqlite:…), or createApp({ backend: '…' }).`,
      { details: { maxDelayMs: capabilities.maxDelayMs } },
    )
  }
  for (const task of runtime.registry.all()) {
    const { limitMs, isolate } = task.policy
    if (limitMs !== undefined && limitMs > capabilities.maxLeaseMs) {
      throw new TqError(
        'CAPABILITY_MISSING',
        `Task '${task.name}' may run ${limitMs} ms, but ${name} lets a worker hold a task for at most ${capabilities.maxLeaseMs} ms. Lower its timeLimit${orRaise(capabilities)}.`,
        { details: { task: task.name, limitMs, maxLeaseMs: capabilities.maxLeaseMs } },
      )
    }
    if (task.policy.rate) needBackend(connection, `rateLimit (task '${task.name}')`)
    if (task.policy.concurrency) needBackend(connection, `concurrency (task '${task.name}')`)
    if (isolate === 'process' && task.run && options.modules.length === 0) {
      throw new TqError(
        'INVALID_OPTION',
        `Task '${task.name}' has isolate: 'process', and this worker does not know which module a child process has to import. Start it with \`tq worker -A <file>\`, or createWorker(app, { modules: [import.meta.url] }).`,
        { details: { task: task.name } },
      )
    }
  }
}

/** The rest of an advice to do with shorter leases. */
export function orRaise({ leaseSetting }: Pick<BrokerCapabilities, 'leaseSetting'>): string {
  return leaseSetting === undefined ? '' : `, or raise ${leaseSetting}`
}

/** What works less well on this pair of services, for the log at start. */
export function limitations(connection: Connection): readonly string[] {
  if (connection.backend) return []
  return [
    `${connection.broker.name} has no backend: results, status, revoke, unique tasks and live workers are off, and a worker that lost its lease may still send a retry. Set TQ_BACKEND_URL to have them.`,
  ]
}
