import type { DeadLetter } from '@tq/core'
import { queueNames, wholeNumber } from '../flags/convert.ts'
import { deadListFlags } from '../flags/dead-flags.ts'
import { command } from '../flags/define.ts'
import { print, table } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

const head = ['ID', 'TASK', 'QUEUE', 'DIED', 'REASON', 'ERROR']

export const deadList = command({
  name: 'dead list',
  description: 'List tasks that were given up',
  flags: deadListFlags,
  async run(values) {
    const limit = wholeNumber(values.limit, 'limit')
    await withApp(values, async (app) => {
      const letters: DeadLetter[] = []
      for (const queue of queueNames(values.queues)) {
        letters.push(...(await app.deadLetters.list(queue, limit === undefined ? {} : { limit })))
      }
      print(values.json, letters, () =>
        letters.length === 0 ? 'No dead letters.' : table(head, letters.map(toRow)),
      )
    })
  },
})

function toRow({ id, task, queue, diedAt, reason, error }: DeadLetter): readonly string[] {
  const [firstLine = ''] = error.split('\n')
  return [id, task ?? '(unreadable)', queue, diedAt.toISOString(), reason, firstLine.slice(0, 80)]
}
