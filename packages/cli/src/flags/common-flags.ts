import { duration, namespace, weightedQueue } from './checks.ts'
import type { Flags } from './flag.ts'

/** Flags of every command. */
const outputFlags = {
  json: { type: 'boolean', description: 'Answers, logs and errors as JSON', env: 'TQ_JSON' },
} as const satisfies Flags

/** Flags of every command that connects. */
export const connectionFlags = {
  app: {
    type: 'string',
    description: 'Task file, list or glob: its app knows its services; may be repeated',
    valueHint: 'file',
    alias: 'A',
    env: 'TQ_APP',
    multiple: true,
  },
  broker: {
    type: 'string',
    description: 'URL of the broker',
    valueHint: 'url',
    env: 'TQ_BROKER_URL',
    alias: 'b',
  },
  backend: {
    type: 'string',
    description: "URL of the backend; without it the broker's own",
    valueHint: 'url',
    env: 'TQ_BACKEND_URL',
  },
  namespace: {
    type: 'string',
    description: 'Sets applications apart on one service',
    valueHint: 'name',
    check: namespace,
    env: 'TQ_NAMESPACE',
  },
  'connect-timeout': {
    type: 'string',
    description: 'How long to wait for the broker (1500ms; worker, beat and dashboard 30s)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_CONNECT_TIMEOUT',
  },
  ...outputFlags,
} as const satisfies Flags

export const queuesFlag = {
  queues: {
    type: 'string',
    description: 'Queues, as a list',
    valueHint: 'a,b',
    alias: 'Q',
    check: weightedQueue,
    env: 'TQ_QUEUES',
    multiple: true,
  },
} as const satisfies Flags

/** The queues a command acts on; those of the workers, in the configuration file, are not meant. */
export const namedQueuesFlag = {
  queues: { ...queuesFlag.queues, required: true, eachTime: true },
} as const satisfies Flags

export const logFlags = {
  loglevel: {
    type: 'string',
    description: 'debug, info, warning or error (info)',
    valueHint: 'level',
    alias: 'l',
    env: 'TQ_LOG_LEVEL',
  },
  'log-format': {
    type: 'string',
    description: 'pretty or json (pretty on a terminal)',
    valueHint: 'format',
    env: 'TQ_LOG_FORMAT',
  },
  'worker-log-format': {
    type: 'string',
    description: 'Pretty line of the worker: {time} {level} {process} {message} {fields}',
    valueHint: 'text',
    env: 'TQ_WORKER_LOG_FORMAT',
  },
  'task-log-format': {
    type: 'string',
    description: 'Pretty line of a task: the same, and {task} {id}',
    valueHint: 'text',
    env: 'TQ_TASK_LOG_FORMAT',
  },
} as const satisfies Flags

/** Of commands that wait for a result. */
export const timeoutFlag = {
  timeout: {
    type: 'string',
    description: 'How long to wait',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_TIMEOUT',
  },
} as const satisfies Flags
