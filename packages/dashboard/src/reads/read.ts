import type { App } from '@tq/core'
import type { BulkJobs } from '../actions/bulk-jobs.ts'
import type { WaitingTasks } from './waiting-tasks.ts'

/** What reads look at. */
export interface ReadContext {
  readonly app: App<unknown>
  readonly waiting: WaitingTasks
  readonly bulk: BulkJobs
  /** Inputs, results and fields of logs are left out altogether. */
  readonly hidePayloads: boolean
}

/** Something that can be asked for, and looked at as it changes. */
export interface Read {
  /** How often it is read again for those who look at it. Undefined: it costs the broker something, so only when asked. */
  readonly everyMs: number | undefined
  load(context: ReadContext, query: URLSearchParams): Promise<unknown>
}

/** A list is no longer than this, whatever is asked for. */
const longestPage = 500

/** @param fallback where nothing sensible is asked for */
export function limitOf(query: URLSearchParams, fallback: number): number {
  const limit = Number(query.get('limit') ?? fallback)
  return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, longestPage) : fallback
}
