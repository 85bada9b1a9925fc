import { duration } from '../flags/checks.ts'
import { connectionFlags, logFlags, queuesFlag } from '../flags/common-flags.ts'
import type { Flags, Values } from '../flags/flag.ts'

export const workerFlags = {
  queues: {
    ...queuesFlag.queues,
    description: 'Queues, name or name:weight (all that the tasks name)',
    valueHint: 'a,b:5',
  },
  concurrency: {
    type: 'string',
    description: 'Tasks at once, per process (10)',
    valueHint: 'n',
    alias: 'c',
    env: 'TQ_CONCURRENCY',
  },
  'strict-order': {
    type: 'boolean',
    description: 'An earlier queue first, as long as it has tasks',
    env: 'TQ_STRICT_ORDER',
  },
  beat: {
    type: 'boolean',
    description: 'Also send what is scheduled; any number of processes may',
    env: 'TQ_BEAT',
  },
  burst: { type: 'boolean', description: 'Stop when the queues are empty', env: 'TQ_BURST' },
  check: {
    type: 'boolean',
    description: 'Only tell whether a worker of these queues lives',
    env: 'TQ_CHECK',
  },
  grace: {
    type: 'string',
    description: 'At stop, how long running tasks may go on (25s)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_SHUTDOWN_TIMEOUT',
  },
  lease: {
    type: 'string',
    description: 'How long a task of a dead worker waits (30s)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_LEASE',
  },
  processes: {
    type: 'string',
    description: 'Worker processes, supervised and replaced (1)',
    valueHint: 'n',
    env: 'TQ_PROCESSES',
  },
  'max-tasks-per-process': {
    type: 'string',
    description: 'Replace a process after this many tasks',
    valueHint: 'n',
    env: 'TQ_MAX_TASKS_PER_PROCESS',
  },
  'max-memory': {
    type: 'string',
    description: 'Replace a process that holds more',
    valueHint: '512mb',
    env: 'TQ_MAX_MEMORY',
  },
  'metrics-port': {
    type: 'string',
    description: 'Serve /metrics, /livez and /readyz there (not served)',
    valueHint: 'port',
    env: 'TQ_METRICS_PORT',
  },
  'metrics-host': {
    type: 'string',
    description: 'Where that listens (127.0.0.1)',
    valueHint: 'address',
    env: 'TQ_METRICS_HOST',
  },
  name: {
    type: 'string',
    description: 'For people, in logs and lists (host:pid)',
    valueHint: 'name',
    alias: 'n',
    env: 'TQ_WORKER_NAME',
  },
  detach: { type: 'boolean', description: 'Start in the background; return when ready', env: 'TQ_DETACH' },
  pidfile: {
    type: 'string',
    description: 'Holds the process id (with --detach: tq-worker.pid)',
    valueHint: 'file',
    env: 'TQ_PIDFILE',
  },
  logfile: {
    type: 'string',
    description: 'Instead of stdout (with --detach: tq-worker.log)',
    valueHint: 'file',
    env: 'TQ_LOGFILE',
  },
  ...logFlags,
  ...connectionFlags,
  /** Started by --detach: pidfile yes, detaching no. */
  detached: { type: 'boolean', description: '', internal: true },
  /** Started by a supervisor, as this number of its processes. */
  supervised: { type: 'string', description: '', internal: true },
} as const satisfies Flags

export type WorkerValues = Values<typeof workerFlags>
