import type { TaskDetail } from '../../../../src/wire/task.ts'
import { act } from '../../data/actions.ts'
import { may } from '../../data/session.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask } from '../../parts/dialog.tsx'
import { hasEnded } from '../../parts/state.tsx'
import { QueuedActions } from './queued-actions.tsx'

/** What can be done with a task, in the state it is in. */
export function TaskActions({ task }: { readonly task: TaskDetail }) {
  const { id, name, queue, state, canRetry } = task
  if (!may('operate')) return null
  const retry = () => act('retry-task', { id }, `${name} runs again`)
  const revoke = async (terminate: boolean) => {
    const reason = await ask({
      title: terminate ? 'Kill this task?' : 'Revoke this task?',
      text: terminate
        ? 'A task with a process of its own is killed at once. Others are told to stop, as by revoking.'
        : state === 'STARTED'
          ? 'It is told to stop, and what it still returns is not kept.'
          : 'It never starts.',
      action: terminate ? 'Kill' : 'Revoke',
      danger: true,
      field: { label: 'Why (kept with the task)', placeholder: 'optional' },
    })
    if (reason === undefined) return
    await act('revoke-task', { id, reason, terminate }, `${name} is revoked`)
  }
  return (
    <div class="buttons">
      {canRetry ? (
        <ActionButton run={retry} icon="retry" tone="primary">
          Retry
        </ActionButton>
      ) : null}
      {queue !== '' && (state === 'PENDING' || state === 'RETRY') ? <QueuedActions task={task} /> : null}
      {hasEnded(state) ? null : (
        <ActionButton run={() => revoke(false)} icon="stop" tone="danger">
          Revoke
        </ActionButton>
      )}
      {state === 'STARTED' ? (
        <ActionButton run={() => revoke(true)} tone="danger">
          Kill
        </ActionButton>
      ) : null}
    </div>
  )
}
