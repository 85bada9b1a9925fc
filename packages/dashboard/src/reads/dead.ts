import { BadRequest } from '../http/problem.ts'
import type { DeadLetterRow } from '../wire/records.ts'
import { limitOf, type Read } from './read.ts'

/** The dead letters of a queue, the oldest first. Each look leases them for a moment: only when somebody asks. */
export const dead: Read = {
  everyMs: undefined,
  async load({ app }, query): Promise<readonly DeadLetterRow[]> {
    const queue = query.get('queue')
    if (!queue) throw new BadRequest('queue is missing.')
    const letters = await app.deadLetters.list(queue, { limit: limitOf(query, 200) })
    return letters.map(({ task, diedAt, ...rest }) => ({
      ...rest,
      task: task ?? null,
      diedAt: diedAt.getTime(),
    }))
  },
}
