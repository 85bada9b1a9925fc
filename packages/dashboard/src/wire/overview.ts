export interface TaskStats {
  readonly name: string
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly revoked: number
  /** Runs that ended, per minute. */
  readonly perMinute: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  /** Runs per step, for a small chart. */
  readonly runs: readonly number[]
  readonly failures: readonly number[]
  readonly p50: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
}

/** How the tasks did in a stretch of time. */
export interface Activity {
  readonly last: string
  readonly stepMs: number
  readonly starts: readonly number[]
  readonly tasks: readonly TaskStats[]
}

export interface QueueRow {
  readonly name: string
  /** A part is null where the broker does not say. */
  readonly counts: {
    readonly ready: number
    readonly leased: number | null
    readonly delayed: number | null
  } | null
  readonly dead: number | null
  readonly paused: { readonly since: number; readonly by: string; readonly reason?: string } | null
  readonly workers: readonly string[]
  /** When the longest waiting task that could run was sent; null where none waits or nobody knows. */
  readonly oldestAt: number | null
}

export interface WorkerRow {
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly state: 'running' | 'paused' | 'stopping'
  readonly queues: readonly string[]
  readonly paused: readonly string[]
  readonly tasks: readonly string[]
  readonly concurrency: number
  readonly running: number
  readonly reserved: number
  readonly active: readonly {
    readonly id: string
    readonly name: string
    readonly queue: string
    readonly attempt: number
    readonly startedAt: number
  }[]
  readonly startedAt: number
  readonly updatedAt: number
  readonly heartbeatMs: number
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly perSecond: number
  readonly lagMs: number
  readonly cpu: number
  readonly rss: number
  readonly versions: { readonly tq: string; readonly node: string; readonly platform: string }
}

/** What an action on workers brought. */
export interface WorkerAnswers {
  readonly answers: readonly { readonly worker: string; readonly error?: string }[]
}

/** How often a task may start, on all workers together. */
export interface RateLimitRow {
  readonly task: string
  /** Null: no definition that is known has one, and a changed one does nothing. */
  readonly defined: { readonly limit: number; readonly windowMs: number; readonly perKey: boolean } | null
  /** What an operator put in its place, such as `10/m`. */
  readonly changed: string | null
  /** Names of the live workers that keep to it. */
  readonly workers: readonly string[]
}

/** Something an operator should look at. */
export interface Warning {
  readonly level: 'error' | 'warning'
  readonly text: string
  readonly fix?: string
  /** A page of the dashboard. */
  readonly link?: string
}

/** What every page shows around its own matter. */
export interface Overview {
  readonly at: number
  readonly queues: readonly QueueRow[]
  readonly workers: readonly WorkerRow[]
  readonly warnings: readonly Warning[]
  /** Names of tasks anybody knows of. */
  readonly names: readonly string[]
}
