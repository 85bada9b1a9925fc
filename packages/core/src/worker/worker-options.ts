import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { checkKnown } from '../options/known.ts'
import { checkQueueName } from '../options/names.ts'
import type { BeatOptions } from '../schedule/beat-module.ts'

/** What a worker is started with. */
export interface WorkerOptions {
  /** Names, or `'name:weight'`. @default the app's default queue and every queue its tasks and routes name */
  readonly queues?: readonly string[]
  /** Tasks running at once in this process. @default 10 */
  readonly concurrency?: number
  /** `fair`: by weight, in turn. `strict`: an earlier queue first, as long as it has tasks. @default 'fair' */
  readonly order?: 'fair' | 'strict'
  /** At stop, how long running tasks may go on before their signals abort. @default '25s' */
  readonly grace?: Duration
  /** How long a task of a dead worker waits before another one takes it. @default '30s' */
  readonly lease?: Duration
  /** The most short tasks held ready beyond the free slots; 0 turns it off. @default 256 */
  readonly readAhead?: number
  /** Also send what is scheduled, if no other process does: see `@tq/beat`. @default false */
  readonly beat?: boolean | BeatOptions
  /** Stop when the queues are empty. @default false */
  readonly burst?: boolean
  /** The modules that define the tasks, as paths or URLs: child processes of `isolate: 'process'` import them. */
  readonly modules?: readonly string[]
  /** Stop gracefully after this many tasks, so that a supervisor starts a fresh process. @default no limit */
  readonly maxTasks?: number
  /** Stop gracefully when the process holds more than this many bytes. @default no limit */
  readonly maxMemory?: number
  /** How long a handler may block the event loop before the process is given up. @default '5m' */
  readonly maxBlock?: Duration
  /** Serve `/metrics`, `/livez` and `/readyz` on this port; 0 takes a free one. @default not served */
  readonly metricsPort?: number
  /** Where that listens. They tell names of tasks and queues to whoever asks. @default '127.0.0.1' */
  readonly metricsHost?: string
  /** For people, in logs and lists. @default host:pid */
  readonly name?: string
}

export interface WeightedQueue {
  readonly name: string
  readonly weight: number
}

/** The same with every default filled in. Frozen. */
export interface ResolvedWorkerOptions {
  readonly queues: readonly WeightedQueue[]
  readonly concurrency: number
  readonly order: 'fair' | 'strict'
  readonly graceMs: Millis
  readonly leaseMs: Millis
  readonly readAhead: number
  readonly burst: boolean
  readonly modules: readonly string[]
  readonly maxTasks: number
  readonly maxMemory: number
  readonly maxBlockMs: Millis
  readonly metricsPort: number | undefined
  readonly metricsHost: string
  readonly name: string
}

const known = new Set<string>([
  'queues',
  'concurrency',
  'order',
  'grace',
  'lease',
  'readAhead',
  'beat',
  'burst',
  'modules',
  'maxTasks',
  'maxMemory',
  'maxBlock',
  'name',
  'metricsPort',
  'metricsHost',
] satisfies (keyof WorkerOptions)[])

/** @throws TqError `INVALID_OPTION`, `INVALID_NAME`, `INVALID_DURATION` */
export function resolveWorkerOptions(
  options: WorkerOptions,
  defaultQueues: readonly string[],
  defaultName: string,
): ResolvedWorkerOptions {
  checkKnown(options, known, 'worker')
  const queues = (options.queues ?? defaultQueues).map(parseQueue)
  if (queues.length === 0) throw new TqError('INVALID_OPTION', 'worker: name at least one queue.')
  if (new Set(queues.map(({ name }) => name)).size < queues.length) {
    throw new TqError('INVALID_OPTION', 'worker: a queue is named twice; give it a weight instead: name:2.')
  }
  const order = options.order ?? 'fair'
  if (order !== 'fair' && order !== 'strict') {
    throw new TqError('INVALID_OPTION', `worker: order '${String(order)}' is not one of 'fair', 'strict'.`)
  }
  return Object.freeze({
    queues,
    concurrency: atLeast(1, options.concurrency ?? 10, 'concurrency'),
    order,
    graceMs: parseDuration(options.grace ?? '25s', 'grace'),
    leaseMs: atLeast(100, parseDuration(options.lease ?? '30s', 'lease'), 'lease (in ms)'),
    readAhead: atLeast(0, options.readAhead ?? 256, 'readAhead'),
    burst: options.burst ?? false,
    modules: options.modules ?? [],
    maxTasks: atLeast(1, options.maxTasks ?? Number.MAX_SAFE_INTEGER, 'maxTasks'),
    maxMemory: atLeast(1, options.maxMemory ?? Number.MAX_SAFE_INTEGER, 'maxMemory'),
    maxBlockMs: atLeast(1_000, parseDuration(options.maxBlock ?? '5m', 'maxBlock'), 'maxBlock (in ms)'),
    metricsPort: options.metricsPort === undefined ? undefined : checkPort(options.metricsPort),
    metricsHost: options.metricsHost ?? '127.0.0.1',
    name: options.name ?? defaultName,
  })
}

/** @param text `name` or `name:weight`. @throws TqError `INVALID_NAME`, `INVALID_OPTION` */
export function parseQueue(text: string): WeightedQueue {
  const [name = '', weight = '1'] = text.trim().split(':')
  return { name: checkQueueName(name), weight: atLeast(1, Number(weight), `weight of queue '${name}'`) }
}

function checkPort(port: number): number {
  if (Number.isSafeInteger(port) && port >= 0 && port <= 65_535) return port
  throw new TqError('INVALID_OPTION', `worker: metricsPort ${String(port)} is not a port (0 to 65535).`)
}

function atLeast(least: number, value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new TqError(
    'INVALID_OPTION',
    `worker: ${name} ${String(value)} is not a whole number of at least ${least}.`,
  )
}
