import { connectionFlags } from '../../flags/common-flags.ts'
import { wholeNumber } from '../../flags/convert.ts'
import { command } from '../../flags/define.ts'
import { limitFlag } from '../../flags/steer-flags.ts'
import { print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['TIME', 'WHO', 'DID', 'TO', 'OUTCOME']

export const audit = command({
  name: 'inspect audit',
  description: 'Who did what, the latest first',
  flags: { ...limitFlag, ...connectionFlags },
  async run(values) {
    const limit = wholeNumber(values.limit, 'limit')
    const entries = await withApp(values, (app) => app.inspect.audit(limit === undefined ? {} : { limit }))
    print(values.json, entries, () =>
      entries.length === 0
        ? 'Nothing was done.'
        : table(
            head,
            entries.map(({ at, by, action, target, outcome }) => [
              new Date(at).toISOString(),
              by,
              action,
              target,
              outcome ?? '',
            ]),
          ),
    )
  },
})
