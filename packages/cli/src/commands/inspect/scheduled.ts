import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['DUE', 'ID', 'TASK', 'QUEUE', 'STATE']

export const scheduled = command({
  name: 'inspect scheduled',
  description: 'Tasks that wait for their time, the next one first',
  flags: connectionFlags,
  async run(values) {
    const tasks = await withApp(values, (app) => app.inspect.scheduled())
    print(values.json, tasks, () =>
      tasks.length === 0
        ? 'No task waits for its time.'
        : table(
            head,
            tasks.map(({ dueAt, id, name, queue, state }) => [
              dueAt?.toISOString() ?? '',
              id,
              name,
              queue,
              state,
            ]),
          ),
    )
  },
})
