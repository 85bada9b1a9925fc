import type { ComponentChildren } from 'preact'
import type { QueueRow } from '../../../src/wire/overview.ts'
import { count } from '../lib/format.ts'
import { isLate } from '../lib/late.ts'
import { href, pageWith } from '../lib/root.ts'
import { Empty } from './notice.tsx'
import { type Column, DataTable } from './table.tsx'
import { Ago } from './time.tsx'

interface QueueTableProps {
  readonly queues: readonly QueueRow[]
  /** What can be done with each. */
  readonly actions?: (queue: QueueRow) => ComponentChildren
}

const columns: readonly Column<QueueRow>[] = [
  {
    name: 'Queue',
    kind: 'row',
    cell: ({ name, paused }) => (
      <>
        <a class="mono" href={href(pageWith('tasks', { queue: name }))}>
          {name}
        </a>
        {paused ? <PausedNote paused={paused} /> : null}
      </>
    ),
  },
  { name: 'Waiting', kind: 'number', tone: 'strong', cell: ({ counts }) => known(counts?.ready) },
  { name: 'With workers', kind: 'number', cell: ({ counts }) => known(counts?.leased) },
  { name: 'Delayed', kind: 'number', cell: ({ counts }) => known(counts?.delayed) },
  {
    name: 'Oldest',
    kind: 'number',
    tone: ({ oldestAt }) => (isLate(oldestAt) ? 'warn' : ''),
    cell: ({ oldestAt }) => <Ago at={oldestAt} />,
  },
  {
    name: 'Dead',
    kind: 'number',
    tone: ({ dead }) => (dead ? 'bad' : 'faint'),
    cell: ({ name, dead }) =>
      dead ? <a href={href(pageWith('dead', { queue: name }))}>{count(dead)}</a> : known(dead),
  },
  { name: 'Workers', cell: (queue) => <Workers queue={queue} /> },
]

export function QueueTable({ queues, actions }: QueueTableProps) {
  if (queues.length === 0) {
    return (
      <Empty icon="queues" title="No queue is known.">
        A queue appears when a worker takes tasks from it.
      </Empty>
    )
  }
  const last: readonly Column<QueueRow>[] = actions
    ? [{ name: 'Actions', unseen: true, kind: 'buttons', cell: actions }]
    : []
  return <DataTable columns={[...columns, ...last]} rows={queues} keyOf={({ name }) => name} />
}

function PausedNote({ paused: { by, reason, since } }: { readonly paused: NonNullable<QueueRow['paused']> }) {
  return (
    <div class="paused-note warn">
      Paused by {by}, <Ago at={since} />
      {reason ? `: ${reason}` : ''}
    </div>
  )
}

/** Not every broker counts everything. */
function known(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : count(value)
}

function Workers({ queue: { workers, counts } }: { readonly queue: QueueRow }) {
  if (workers.length === 0)
    return <span class={counts && counts.ready > 0 ? 'bad' : 'faint'}>no worker listens</span>
  const [first = '', ...others] = workers
  return (
    <span title={workers.join('\n')}>
      <span class="mono">{first}</span>
      {others.length > 0 ? <span class="faint"> +{others.length}</span> : null}
    </span>
  )
}
