import { act } from '../../data/actions.ts'
import type { Selection } from '../../data/selection.ts'
import { may } from '../../data/session.ts'
import { count } from '../../lib/format.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask } from '../../parts/dialog.tsx'

interface LetterActionsProps {
  readonly queue: string
  /** How many there are, in words. */
  readonly many: string
  readonly selection: Selection
  readonly done: () => Promise<void>
}

/** What can be done with the selected dead letters, or with all where none is. */
export function LetterActions({ queue, many, selection, done }: LetterActionsProps) {
  const ids = [...selection.ids]
  const body = { queue, ...(ids.length > 0 ? { ids } : {}) }
  const which = ids.length > 0 ? count(ids.length) : `all ${many}`
  const letters = `${which} dead ${ids.length === 1 ? 'letter' : 'letters'} of '${queue}'`
  const finish = async () => {
    selection.clear()
    await done()
  }
  const retry = async () => {
    const sure = await ask({
      title: `Retry ${letters}?`,
      text: 'They go back to their queue as fresh tasks. What has killed them may do so again.',
      action: 'Retry',
    })
    if (sure === undefined) return
    await act<{ retried: number }>('retry-dead', body, ({ retried }) => `${count(retried)} sent back`)
    await finish()
  }
  const drop = async () => {
    const sure = await ask({
      title: `Delete ${letters}?`,
      text: 'They are deleted for good.',
      action: 'Delete',
      danger: true,
      ...(ids.length > 0 ? {} : { typed: queue }),
    })
    if (sure === undefined) return
    await act<{ dropped: number }>('drop-dead', body, ({ dropped }) => `${count(dropped)} deleted`)
    await finish()
  }
  const short = ids.length > 0 ? count(ids.length) : 'all'
  return (
    <div class="buttons">
      <ActionButton run={retry} icon="retry">
        Retry {short}
      </ActionButton>
      {may('admin') ? (
        <ActionButton run={drop} icon="trash" tone="danger">
          Delete {short}
        </ActionButton>
      ) : null}
    </div>
  )
}
