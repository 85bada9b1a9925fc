import { TqError } from '../errors/tq-error.ts'
import type { History, TaskFilter } from './history.ts'
import type { TaskSummary } from './task-summary.ts'

/** How far an action on many tasks is. */
export interface BulkProgress {
  /** Tasks that were tried. */
  readonly done: number
  /** Of those, how many it worked for. */
  readonly succeeded: number
  /** Why it did not work for others: the reasons, and how often. */
  readonly refused: Readonly<Record<string, number>>
}

const pageSize = 200
/** At once: enough to hide the round trips. */
const atOnce = 20

/**
 * Does the same to all tasks that a filter matches, page by page, and tells after each page how far it is. The tasks there
 * are when it begins: a walk, each once.
 */
export async function* bulk(
  history: History,
  filter: TaskFilter,
  act: (task: TaskSummary) => Promise<boolean>,
  signal: AbortSignal | undefined,
): AsyncGenerator<BulkProgress, BulkProgress> {
  let done = 0
  let succeeded = 0
  const refused: Record<string, number> = {}
  const attempt = async (task: TaskSummary) => {
    done++
    try {
      if (await act(task)) succeeded++
      else count('it had ended')
    } catch (error) {
      if (!(error instanceof TqError)) throw error
      count(error.code)
    }
  }
  const count = (reason: string) => {
    refused[reason] = (refused[reason] ?? 0) + 1
  }
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    if (signal?.aborted) break
    const page = await history.list(filter, { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    for (let start = 0; start < page.tasks.length; start += atOnce)
      await Promise.all(page.tasks.slice(start, start + atOnce).map(attempt))
    cursor = page.next
    yield { done, succeeded, refused: { ...refused } }
  }
  return { done, succeeded, refused }
}
