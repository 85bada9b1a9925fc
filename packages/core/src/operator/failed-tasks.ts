import { TqError } from '../errors/tq-error.ts'
import type { History } from './history.ts'

/** The tasks of a failed workflow that can be run again. @throws TqError `INVALID_OPTION` when there is none */
export async function failedTasksOf(history: History, workflow: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) }
    const { tasks, next } = await history.list({ id: `${workflow}.`, state: 'FAILURE' }, page)
    // Those with a mark in their ids only heard of a failure.
    ids.push(...tasks.filter((task) => task.canRetry && !task.id.includes('!')).map((task) => task.id))
    cursor = next
  }
  if (ids.length > 0) return ids
  throw new TqError('INVALID_OPTION', `No failed task of workflow ${workflow} is still known: send it anew.`)
}
