import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { print } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

export const registered = command({
  name: 'inspect registered',
  description: 'The tasks that each worker knows',
  flags: connectionFlags,
  async run(values) {
    const workers = await withApp(values, (app) => app.inspect.workers())
    const said = workers.map(({ name, tasks, queues }) => ({ worker: name, queues, tasks }))
    print(values.json, said, () =>
      said.length === 0
        ? 'No worker is alive.'
        : said.map(({ worker, tasks }) => `${worker}: ${tasks.join(', ')}`).join('\n'),
    )
  },
})
