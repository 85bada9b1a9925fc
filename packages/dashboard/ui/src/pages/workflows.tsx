import { useSignal } from '@preact/signals'
import type { Page } from '../../../src/wire/common.ts'
import type { WorkflowRow } from '../../../src/wire/workflow.ts'
import { get } from '../data/api.ts'
import { useLive } from '../data/live.ts'
import { count, duration } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { ActionButton } from '../parts/action-button.tsx'
import { LivePage } from '../parts/live-page.tsx'
import { Empty } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { Meter } from '../parts/spark.tsx'
import { StateBadge } from '../parts/state.tsx'
import { type Column, DataTable } from '../parts/table.tsx'
import { Ago } from '../parts/time.tsx'

const columns: readonly Column<WorkflowRow>[] = [
  {
    name: 'Workflow',
    kind: 'row',
    cell: ({ id, shape }) => (
      <>
        <a class="two-lines" href={href(pageWith('workflow', { id }))}>
          {shape || id}
        </a>
        <div class="mono faint">{id}</div>
      </>
    ),
  },
  { name: 'State', cell: ({ state }) => <StateBadge state={state} /> },
  {
    name: 'Progress',
    kind: 'wide',
    cell: ({ state, done, total }) =>
      state === 'STARTED' ? (
        <>
          <Meter value={done} most={total} label={`${done} of ${total}`} />
          <span class="faint">
            {count(done)} of {count(total)}
          </span>
        </>
      ) : null,
  },
  {
    name: 'Error',
    kind: 'broad',
    cell: ({ error }) =>
      error ? (
        <span class="bad clip two-lines">
          {error.name}: {error.message}
        </span>
      ) : null,
  },
  {
    name: 'Time',
    kind: 'number',
    cell: ({ sentAt, endedAt }) =>
      sentAt !== undefined && endedAt !== undefined ? duration(endedAt - sentAt) : '',
  },
  { name: 'Sent', kind: 'number', tone: 'faint', cell: ({ sentAt }) => <Ago at={sentAt} /> },
]

export function WorkflowsPage() {
  const live = useLive<Page<WorkflowRow>>('workflows')
  const later = useSignal<Page<WorkflowRow> | undefined>(undefined)
  const more = async (cursor: string) => {
    const next = await get<Page<WorkflowRow>>(`workflows?cursor=${encodeURIComponent(cursor)}`)
    later.value = { items: [...(later.value?.items ?? []), ...next.items], next: next.next }
  }
  return (
    <LivePage title="Workflows" live={live}>
      {(first) => {
        const items = [...first.items, ...(later.value?.items ?? [])]
        const { next } = later.value ?? first
        return items.length === 0 ? (
          <Empty icon="workflows" title="No workflow is known.">
            <code>chain(one.s(), two.s()).applyAsync()</code> sends one.
          </Empty>
        ) : (
          <Panel>
            <DataTable columns={columns} rows={items} keyOf={({ id }) => id} />
            {next ? <ActionButton run={() => more(next)}>Earlier ones</ActionButton> : null}
          </Panel>
        )
      }}
    </LivePage>
  )
}
