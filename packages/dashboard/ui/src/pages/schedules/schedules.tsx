import type { ScheduleRow } from '../../../../src/wire/records.ts'
import { useLive } from '../../data/live.ts'
import { cronWords } from '../../lib/cron-words.ts'
import { count, shortDateTime } from '../../lib/format.ts'
import { href, pageWith } from '../../lib/root.ts'
import { LivePage } from '../../parts/live-page.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateBadge } from '../../parts/state.tsx'
import { type Column, DataTable } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { ScheduleActions } from './schedule-actions.tsx'

const stateTones: Readonly<Record<string, string>> = { active: 'ok', paused: 'warn', orphaned: 'bad' }

const columns: readonly Column<ScheduleRow>[] = [
  {
    name: 'Schedule',
    kind: 'row',
    cell: ({ name, state, source }) => (
      <>
        <span class="mono">{name}</span> <span class={`tag ${stateTones[state] ?? ''}`}>{state}</span>
        {source === 'store' ? <span class="tag">made at run time</span> : null}
      </>
    ),
  },
  {
    name: 'When',
    title: ({ missed, overlap }) => `missed ticks: ${missed} · overlap: ${overlap}`,
    cell: (schedule) => <When schedule={schedule} />,
  },
  { name: 'Sends', tone: 'mono', cell: ({ sends }) => sends },
  {
    name: 'Next',
    title: ({ next, timeZone }) => next.map((tick) => shortDateTime(tick, timeZone)).join('\n'),
    cell: (schedule) => <Next schedule={schedule} />,
  },
  { name: 'Last', cell: (schedule) => <Last schedule={schedule} /> },
  {
    name: 'Actions',
    unseen: true,
    kind: 'buttons',
    cell: (schedule) => <ScheduleActions schedule={schedule} />,
  },
]

export function SchedulesPage() {
  return (
    <LivePage title="Schedules" live={useLive<readonly ScheduleRow[]>('schedules')}>
      {(schedules) => (schedules.length === 0 ? <NoSchedule /> : <Schedules schedules={schedules} />)}
    </LivePage>
  )
}

function NoSchedule() {
  return (
    <Empty icon="schedules" title="There is no schedule.">
      Define one in code:{' '}
      <code>
        app.schedule('nightly', crontab({'{ hour: 1, minute: 0 }'}), task.s({'{}'}))
      </code>
      , and run <code>tq beat</code>.
    </Empty>
  )
}

function Schedules({ schedules }: { readonly schedules: readonly ScheduleRow[] }) {
  return (
    <Panel>
      <DataTable columns={columns} rows={schedules} keyOf={({ name }) => name} />
      <p class="faint foot-note">
        What a schedule is, its code decides: a deploy brings that back. Pausing is kept here and outlives
        deploys.
      </p>
    </Panel>
  )
}

interface OfSchedule {
  readonly schedule: ScheduleRow
}

function When({ schedule: { when, timeZone } }: OfSchedule) {
  const words = cronWords(when)
  return (
    <>
      {words === undefined ? <span class="mono">{when}</span> : words}
      <div class="faint">
        {words === undefined ? null : <span class="mono">{when.replace('crontab ', '')} · </span>}
        {timeZone}
      </div>
    </>
  )
}

function Next({ schedule: { next, timeZone } }: OfSchedule) {
  const [first] = next
  if (first === undefined) return <span class="faint">–</span>
  return (
    <>
      <Ago at={first} />
      <div class="faint">{shortDateTime(first, timeZone)}</div>
    </>
  )
}

function Last({ schedule: { last, waiting, dropped } }: OfSchedule) {
  return (
    <>
      {last ? (
        <>
          <a href={href(pageWith('task', { id: last.id }))}>
            {last.state ? <StateBadge state={last.state} /> : <Ago at={last.sentAt} />}
          </a>
          <div class="faint">
            <Ago at={last.tick} />
            {last.error ? <span class="bad"> {last.error}</span> : null}
          </div>
        </>
      ) : (
        <span class="faint">never</span>
      )}
      {waiting > 0 ? <span class="tag warn">{count(waiting)} to be sent</span> : null}
      {dropped > 0 ? <span class="tag">{count(dropped)} given up</span> : null}
    </>
  )
}
