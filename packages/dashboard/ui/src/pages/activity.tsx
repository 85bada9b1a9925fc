import type { AuditRow } from '../../../src/wire/records.ts'
import { useLive } from '../data/live.ts'
import { dateTime } from '../lib/format.ts'
import { LivePage } from '../parts/live-page.tsx'
import { Empty } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Column, DataTable } from '../parts/table.tsx'
import { Ago } from '../parts/time.tsx'

const columns: readonly Column<AuditRow>[] = [
  { name: 'When', tone: 'nowrap', title: ({ at }) => dateTime(at), cell: ({ at }) => <Ago at={at} /> },
  { name: 'Who', cell: ({ by }) => by },
  { name: 'Did', cell: ({ action }) => <strong>{action}</strong> },
  { name: 'On', kind: 'broad', tone: 'mono', cell: ({ target }) => target },
  { name: 'Outcome', kind: 'broad', tone: 'faint', cell: ({ outcome }) => outcome ?? '' },
]

/** What was done by whom, here and on the command line. */
export function ActivityPage() {
  return (
    <LivePage title="Audit log" live={useLive<readonly AuditRow[]>('audit')}>
      {(entries) =>
        entries.length === 0 ? (
          <Empty icon="activity" title="Nobody has done anything yet.">
            Every action of this dashboard, of <code>tq control</code> and of <code>app.control</code> is kept
            for 90 days.
          </Empty>
        ) : (
          <Panel>
            <DataTable columns={columns} rows={entries} keyOf={({ at }, index) => `${at} ${index}`} />
          </Panel>
        )
      }
    </LivePage>
  )
}
