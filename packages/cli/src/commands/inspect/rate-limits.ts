import type { RateLimitInfo } from '@tq/core'
import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['TASK', 'CHANGED TO', 'DEFINED', 'WORKERS']

export const rateLimits = command({
  name: 'inspect rate-limits',
  description: 'Rate limits of tasks, as defined and as changed',
  flags: connectionFlags,
  async run(values) {
    const limits = await withApp(values, (app) => app.inspect.rateLimits())
    print(values.json, limits, () =>
      limits.length === 0 ? 'No task has a rate limit.' : table(head, limits.map(toRow)),
    )
  },
})

function toRow({ task, changed, defined, workers }: RateLimitInfo): readonly (string | number)[] {
  const rate =
    defined && `${defined.limit} in ${defined.windowMs / 1_000} s${defined.perKey ? ' per key' : ''}`
  return [task, changed ?? '', rate ?? 'nowhere', workers.length]
}
