import type { RateLimitRow } from '../../../../src/wire/overview.ts'
import { useLive } from '../../data/live.ts'
import { may } from '../../data/session.ts'
import { rateText } from '../../lib/rate.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Panel } from '../../parts/panel.tsx'
import { type Column, DataTable } from '../../parts/table.tsx'
import { RateActions } from './rate-actions.tsx'

const columns: readonly Column<RateLimitRow>[] = [
  {
    name: 'Task',
    kind: 'row',
    cell: ({ task }) => (
      <a class="mono" href={href(pageWith('tasks', { name: task }))}>
        {task}
      </a>
    ),
  },
  { name: 'In force', kind: 'number', cell: (limit) => <InForce limit={limit} /> },
  {
    name: 'As defined',
    kind: 'number',
    tone: 'faint',
    cell: ({ defined }) => (defined ? rateText(defined) : 'none'),
  },
  {
    name: 'Counted',
    tone: 'faint',
    cell: ({ defined }) => (defined?.perKey ? 'for each key' : 'all together'),
  },
  {
    name: 'Workers',
    title: ({ workers }) => workers.join('\n'),
    cell: ({ workers, defined }) => <KeptBy workers={workers} defined={defined !== null} />,
  },
]

/** How often tasks may start. Nothing where none has a limit. */
export function RateLimits() {
  const { data: limits } = useLive<readonly RateLimitRow[]>('rate-limits')
  if (!limits || limits.length === 0) return null
  const last: readonly Column<RateLimitRow>[] = may('operate')
    ? [{ name: 'Actions', unseen: true, kind: 'buttons', cell: (limit) => <RateActions limit={limit} /> }]
    : []
  return (
    <Panel title="Rate limits">
      <DataTable columns={[...columns, ...last]} rows={limits} keyOf={({ task }) => task} />
    </Panel>
  )
}

function InForce({ limit: { defined, changed } }: { readonly limit: RateLimitRow }) {
  if (changed === null) return <strong>{defined ? rateText(defined) : '–'}</strong>
  return (
    <>
      <span class={`tag ${defined ? 'warn' : ''}`}>{defined ? 'changed' : 'without effect'}</span>{' '}
      <strong>{changed}</strong>
    </>
  )
}

function KeptBy({ workers, defined }: { readonly workers: readonly string[]; readonly defined: boolean }) {
  const [first, ...others] = workers
  if (first === undefined)
    return <span class="warn">{defined ? 'none lives that knows it' : 'none has a limit for it'}</span>
  return (
    <>
      <span class="mono">{first}</span>
      {others.length > 0 ? <span class="faint"> +{others.length}</span> : null}
    </>
  )
}
