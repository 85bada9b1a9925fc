import type { DeadLetterRow } from '../../../../src/wire/records.ts'
import type { Selection } from '../../data/selection.ts'
import { href, pageWith } from '../../lib/root.ts'
import { type Column, DataTable } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'

const columns: readonly Column<DeadLetterRow>[] = [
  {
    name: 'Task',
    kind: 'row',
    cell: ({ id, task }) => (
      <>
        <a class="mono" href={href(pageWith('task', { id }))}>
          {task ?? '(unreadable)'}
        </a>
        <div class="mono faint clip">{id}</div>
      </>
    ),
  },
  { name: 'Reason', cell: ({ reason }) => <span class="tag">{reason}</span> },
  {
    name: 'Error',
    kind: 'broad',
    cell: ({ error }) => (
      <span class="bad two-lines" title={error}>
        {error}
      </span>
    ),
  },
  { name: 'Died', kind: 'number', tone: 'faint', cell: ({ diedAt }) => <Ago at={diedAt} /> },
]

/** Dead letters, each of which can be selected. */
export function LetterTable({
  letters,
  selection,
}: {
  readonly letters: readonly DeadLetterRow[]
  readonly selection: Selection
}) {
  const { has, toggle } = selection
  const ids = letters.map(({ id }) => id)
  const select: Column<DeadLetterRow> = {
    name: 'Select',
    head: (
      <input
        type="checkbox"
        checked={selection.hasAll(ids)}
        aria-label="Select all that are shown"
        onChange={() => selection.toggleAll(ids)}
      />
    ),
    cell: ({ id }) => (
      <input type="checkbox" checked={has(id)} aria-label={`Select ${id}`} onChange={() => toggle(id)} />
    ),
  }
  return (
    <DataTable
      columns={[select, ...columns]}
      rows={letters}
      keyOf={({ id }) => id}
      isChosen={({ id }) => has(id)}
    />
  )
}
