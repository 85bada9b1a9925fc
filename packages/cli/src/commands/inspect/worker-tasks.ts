import type { WorkerTask } from '@tq/core'
import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { toFlag } from '../../flags/steer-flags.ts'
import { valuesOf } from '../../output/answers.ts'
import { age, print, table } from '../../output/print.ts'
import { asked } from '../../tasks/asked.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['WORKER', 'ID', 'TASK', 'QUEUE', 'ATTEMPT', 'FOR']

export const active = tasksOf('active', 'The tasks that run at this moment', 'No task is running.')
export const reserved = tasksOf(
  'reserved',
  'The tasks that workers have taken and that wait for a slot',
  'No task waits for a slot.',
)

function tasksOf(which: 'active' | 'reserved', description: string, none: string) {
  return command({
    name: `inspect ${which}`,
    description,
    flags: { ...toFlag, ...connectionFlags },
    async run(values) {
      const answers = await withApp(values, (app) => app.inspect[which](asked(values)))
      const tasks = valuesOf(answers)
      const said = tasks.map(({ worker, value }) => ({ worker, ...value }))
      print(values.json, said, () => (said.length === 0 ? none : table(head, said.map(toRow))))
    },
  })
}

function toRow({ worker, id, name, queue, attempt, startedAt }: WorkerTask & { readonly worker: string }) {
  return [worker, id, name, queue, attempt, startedAt === undefined ? '' : age(Date.now() - startedAt)]
}
