import type { Duration, TaskCounts } from '@tq/core'
import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { lastFlag } from '../../flags/steer-flags.ts'
import { print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['TASK', 'OK', 'FAILED', 'RETRIED', 'REVOKED', 'P50', 'P95', 'P99']

export const stats = command({
  name: 'inspect stats',
  description: 'How each task did: endings and run times',
  flags: { ...lastFlag, ...connectionFlags },
  async run(values) {
    const { last, json } = values
    const found = await withApp(values, (app) =>
      app.inspect.stats(last === undefined ? {} : { last: last as Duration }),
    )
    const rows = Object.entries(found).sort(([one], [other]) => one.localeCompare(other))
    print(json, found, () => (rows.length === 0 ? 'No task has run.' : table(head, rows.map(toRow))))
  },
})

function toRow([name, counts]: readonly [string, TaskCounts]): readonly (string | number)[] {
  const { succeeded, failed, retried, revoked, p50Ms, p95Ms, p99Ms } = counts
  return [name, succeeded, failed, retried, revoked, ...[p50Ms, p95Ms, p99Ms].map(runTime)]
}

/** `12ms`, `3.4s`, `2.5m` */
function runTime(ms: number | undefined): string {
  if (ms === undefined) return '–'
  if (ms < 1_000) return `${Math.round(ms)}ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}s` : `${(ms / 60_000).toFixed(1)}m`
}
