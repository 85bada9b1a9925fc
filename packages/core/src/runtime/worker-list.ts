import type { Backend } from '../contracts/backend.ts'
import type { BrokerCapabilities } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { pagesOf } from './pages.ts'

/** A task that a worker runs or has taken. */
export interface WorkerTask {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly attempt: number
  /** In milliseconds since 1970 by the worker's clock; undefined while it waits for a slot. */
  readonly startedAt?: number
}

/** How a worker's process is doing. Measured since the heartbeat before. */
export interface ProcessHealth {
  /** How much later than they should timers fired: 99 of 100, and the worst. Long ones mean that a handler blocks. */
  readonly loopLag: { readonly p99Ms: Millis; readonly maxMs: Millis }
  /** The part of the time in which the event loop worked, 0 to 1. */
  readonly loopUsed: number
  /** Processor time per time; above 1 with threads. */
  readonly cpu: number
  /** In bytes. */
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number }
}

/** Tasks per second, over about the last ten seconds. */
export interface WorkerRates {
  readonly started: number
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
}

/** The rate limit that a task has in its definition. */
export interface DefinedRate {
  readonly limit: number
  readonly windowMs: Millis
  /** Each key has a limit of its own. */
  readonly perKey: boolean
}

/** What a worker tells of itself with every heartbeat. */
export interface WorkerInfo {
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly queues: readonly string[]
  /** Those of its queues from which it takes nothing now. */
  readonly paused: readonly string[]
  readonly tasks: readonly string[]
  /** Of those of its tasks that have one. */
  readonly rateLimits: Readonly<Record<string, DefinedRate>>
  readonly concurrency: number
  readonly state: 'running' | 'paused' | 'stopping'
  /** When it started, and when it wrote this; milliseconds since 1970 by its clock. */
  readonly startedAt: number
  readonly updatedAt: number
  /** How often it writes. One that has not for five times as long is no longer listed. */
  readonly heartbeatMs: Millis
  /** The longest running first; no more than 100 of them. */
  readonly active: readonly (WorkerTask & { readonly startedAt: number })[]
  /** How many run, also where they are not all named. */
  readonly running: number
  /** Tasks leased and waiting for a slot. */
  readonly reserved: number
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly rates: WorkerRates
  readonly process: ProcessHealth
  readonly versions: { readonly tq: string; readonly node: string; readonly platform: string }
  readonly broker: { readonly name: string; readonly capabilities: BrokerCapabilities }
  readonly backend: string
}

export const workersCollection = 'workers'

/** How often a worker of this backend writes, and looks for commands. */
export function heartbeatMsOf({ capabilities }: Backend): Millis {
  return capabilities.heartbeatMs ?? 2_000
}

/** The workers that live now, by name. */
export async function listWorkers(backend: Backend): Promise<readonly WorkerInfo[]> {
  const workers: WorkerInfo[] = []
  for await (const { value } of pagesOf(backend.state, workersCollection))
    workers.push(JSON.parse(value) as WorkerInfo)
  return workers.sort((one, other) => one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1))
}
