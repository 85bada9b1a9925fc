import { NotFound } from '../http/problem.ts'
import type { BulkJob } from '../wire/records.ts'
import type { Read } from './read.ts'

/** The actions on many tasks that were started here, the newest first. */
export const bulk: Read = {
  everyMs: 1_000,
  async load({ bulk: jobs }): Promise<readonly BulkJob[]> {
    return jobs.list()
  },
}

/** How far one of them is. */
export const bulkJob: Read = {
  everyMs: 500,
  async load({ bulk: jobs }, query): Promise<BulkJob> {
    const job = jobs.get(query.get('id') ?? '')
    if (job) return job
    throw new NotFound('There is no such action here: the dashboard may have been restarted.')
  },
}
