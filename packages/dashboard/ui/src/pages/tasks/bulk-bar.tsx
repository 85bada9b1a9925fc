import type { Signal } from '@preact/signals'
import type { BulkJob } from '../../../../src/wire/records.ts'
import type { TaskRow } from '../../../../src/wire/task.ts'
import { act } from '../../data/actions.ts'
import { may } from '../../data/session.ts'
import { count } from '../../lib/format.ts'
import { followBulk } from '../../parts/bulk-panel.tsx'
import { ask } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { hasEnded } from '../../parts/state.tsx'
import { type Filter, toSearch } from './filter.ts'

interface BulkBarProps {
  readonly filter: Filter
  /** How many match, where that can be counted. */
  readonly total: { readonly count: number; readonly complete: boolean } | undefined
  readonly selected: ReadonlySet<string>
  readonly items: readonly TaskRow[]
  readonly allMatching: Signal<boolean>
  readonly unselect: () => void
}

interface Progress {
  readonly done: number
  readonly refused: number
}

/** What can be done with the selected tasks, or with all that match. */
export function BulkBar({ filter, total, selected, items, allMatching, unselect }: BulkBarProps) {
  if (!may('operate') || (selected.size === 0 && !allMatching.value)) return null
  const all = allMatching.value
  const howMany = all
    ? total
      ? `all ${count(total.count)}${total.complete ? '' : '+'}`
      : 'all'
    : count(selected.size)
  const run = async (action: BulkJob['action']) => {
    const verb = action === 'retry' ? 'Retry' : 'Revoke'
    const answer = await ask({
      title: `${verb} ${howMany} ${all ? 'matching tasks' : selected.size === 1 ? 'task' : 'tasks'}?`,
      text: <BulkText action={action} filter={all ? filter : undefined} />,
      action: verb,
      danger: action === 'revoke',
    })
    if (answer === undefined) return
    if (all) {
      const query = toSearch(filter)
      const job = await act<BulkJob>(
        'start-bulk',
        { action, filter: query, total: total?.count },
        `${verb}: under way`,
      )
      if (job) followBulk(job.id)
    } else {
      const done = action === 'retry' ? 'run again' : 'revoked'
      await act<Progress>(`${action}-tasks`, { ids: [...selected] }, (told) =>
        told.refused > 0
          ? `${count(told.done)} ${done}; ${count(told.refused)} were in no state for it.`
          : `${count(told.done)} ${done}.`,
      )
    }
    unselect()
  }
  const canRetry = all || items.some(({ id, canRetry: can }) => can && selected.has(id))
  const canRevoke = all || items.some(({ id, state }) => !hasEnded(state) && selected.has(id))
  return (
    <section class="bulk-bar" aria-label="Selected tasks">
      <strong role="status">
        {all
          ? `All ${total ? `${count(total.count)}${total.complete ? '' : '+'} ` : ''}that match`
          : `${count(selected.size)} selected`}
      </strong>
      {all ? null : (
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            allMatching.value = true
          }}
        >
          Select all {total ? `${count(total.count)}${total.complete ? '' : '+'} ` : ''}that match
        </button>
      )}
      <span class="grow" />
      <button type="button" class="button" disabled={!canRetry} onClick={() => void run('retry')}>
        <Icon name="retry" size={14} /> Retry failed
      </button>
      <button type="button" class="button danger" disabled={!canRevoke} onClick={() => void run('revoke')}>
        <Icon name="stop" size={14} /> Revoke
      </button>
      <button type="button" class="button quiet" onClick={unselect} aria-label="Select nothing">
        <Icon name="close" size={14} />
      </button>
    </section>
  )
}

function BulkText({
  action,
  filter,
}: {
  readonly action: BulkJob['action']
  readonly filter: Filter | undefined
}) {
  const words = filter && Object.entries(filter).map(([name, value]) => `${name} ${value}`)
  return (
    <>
      <p>
        {action === 'retry'
          ? 'Those that failed run once more, under the same id. Others are left as they are.'
          : 'Those that wait never start, those that run are told to stop. Those that have ended are left as they are.'}
      </p>
      {words ? (
        <p>
          Meant are all tasks sent until now{words.length > 0 ? ` with: ${words.join(', ')}` : ''}. It goes on
          when this page is closed, and can be stopped.
        </p>
      ) : null}
    </>
  )
}
