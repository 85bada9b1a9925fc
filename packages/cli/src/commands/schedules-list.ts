import type { ScheduleInfo } from '@tq/core'
import { wholeNumber } from '../flags/convert.ts'
import { command } from '../flags/define.ts'
import { scheduleListFlags } from '../flags/schedule-flags.ts'
import { print, table } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'

const head = ['NAME', 'STATE', 'SOURCE', 'WHEN', 'ZONE', 'SENDS', 'LAST RUN', 'RESULT', 'DROPPED']

export const schedulesList = command({
  name: 'schedules list',
  description: 'List schedules with their next and last runs; the code wins over the store, pausing is kept',
  flags: scheduleListFlags,
  async run(values) {
    const next = wholeNumber(values.next, 'next', 0)
    const schedules = await withApp(values, (app) => app.schedules.list(next === undefined ? {} : { next }))
    print(values.json, schedules, () =>
      schedules.length === 0
        ? 'No schedules. Those in code are kept by the first beat; -A <file> shows them before.'
        : [table(head, schedules.map(toRow)), '', ...schedules.flatMap(toComing)].join('\n'),
    )
  },
})

function toRow({ name, state, source, when, timeZone, sends, last, dropped }: ScheduleInfo) {
  const result = last?.error ?? last?.state ?? (last ? 'unknown' : '-')
  return [name, state, source, when, timeZone, sends, last?.tick.toISOString() ?? '-', result, dropped]
}

/** The next runs, below the table: one line for each schedule that has any. */
function toComing({ name, next }: ScheduleInfo): readonly string[] {
  return next.length === 0 ? [] : [`next of ${name}: ${next.map((tick) => tick.toISOString()).join('  ')}`]
}
