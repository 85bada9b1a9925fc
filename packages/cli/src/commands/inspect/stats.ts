import type { App, Duration, TaskCounts } from '@tq/core'
import { connectionFlags } from '../../flags/common-flags.ts'
import { command } from '../../flags/define.ts'
import { lastFlag } from '../../flags/steer-flags.ts'
import { age, print, table } from '../../output/print.ts'
import { withApp } from '../../tasks/open-app.ts'

const head = ['TASK', 'OK', 'FAILED', 'RETRIED', 'REVOKED', 'P50', 'P95', 'P99']

export const stats = command({
  name: 'inspect stats',
  description: 'How each task did: endings and run times, as of the last heartbeat of its workers',
  flags: { ...lastFlag, ...connectionFlags },
  async run(values) {
    const { last, json } = values
    await withApp(values, async (app) => {
      const found = await app.inspect.stats(last === undefined ? {} : { last: last as Duration })
      const rows = Object.entries(found).sort(([one], [other]) => one.localeCompare(other))
      const none = rows.length === 0 ? await explainNone(app) : ''
      print(json, found, () => none || table(head, rows.map(toRow)))
    })
  },
})

/** What was counted lately is not there yet. */
async function explainNone(app: App<unknown>): Promise<string> {
  const workers = await app.inspect.workers()
  if (workers.length === 0) return 'No task has run.'
  const everyMs = Math.max(...workers.map(({ heartbeatMs }) => heartbeatMs))
  return `No task has run, or none has been counted yet: workers count every ${age(everyMs)} (for --last of more than 1d every minute).`
}

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
