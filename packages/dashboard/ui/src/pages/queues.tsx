import type { Overview, QueueRow, WorkerAnswers } from '../../../src/wire/overview.ts'
import { act, answersText } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { count } from '../lib/format.ts'
import { ActionButton } from '../parts/action-button.tsx'
import { ask } from '../parts/dialog.tsx'
import { LivePage } from '../parts/live-page.tsx'
import { Panel } from '../parts/panel.tsx'
import { QueueTable } from '../parts/queue-table.tsx'

export function QueuesPage() {
  return (
    <LivePage title="Queues" live={useLive<Overview>('overview')}>
      {({ queues }) => (
        <Panel>
          <QueueTable
            queues={queues}
            {...(may('operate') ? { actions: (queue: QueueRow) => <Actions queue={queue} /> } : {})}
          />
        </Panel>
      )}
    </LivePage>
  )
}

function Actions({ queue }: { readonly queue: QueueRow }) {
  const { name, paused, counts } = queue
  const pause = async () => {
    const reason = await ask({
      title: `Pause queue '${name}'?`,
      text: 'No worker takes tasks from it until it is resumed, not even one that starts later. What runs goes on; tasks are accepted all the time.',
      action: 'Pause',
      field: { label: 'Why (others see it)', placeholder: 'optional' },
    })
    if (reason === undefined) return
    await act<WorkerAnswers>('pause-queue', { queue: name, reason }, answersText(`Queue '${name}' is paused`))
  }
  const resume = () => act('resume-queue', { queue: name }, `Queue '${name}' goes on`)
  const purge = async () => {
    const waiting = counts ? counts.ready + (counts.delayed ?? 0) : undefined
    const sure = await ask({
      title: `Delete all waiting tasks of '${name}'?`,
      text: `${waiting === undefined ? 'All tasks that wait' : `${count(waiting)} tasks that wait`} are deleted for good. What runs goes on.`,
      action: 'Delete them',
      danger: true,
      typed: name,
    })
    if (sure === undefined) return
    await act<{ purged: number }>(
      'purge-queue',
      { queue: name, confirm: name },
      ({ purged }) => `${count(purged)} tasks deleted`,
    )
  }
  return (
    <>
      {paused ? (
        <ActionButton run={resume} icon="play" tone="primary" small label={`Resume queue ${name}`}>
          Resume
        </ActionButton>
      ) : (
        <ActionButton run={pause} icon="pause" small label={`Pause queue ${name}`}>
          Pause
        </ActionButton>
      )}
      {may('admin') && counts ? (
        <ActionButton run={purge} icon="trash" tone="danger" small label={`Purge queue ${name}`}>
          Purge
        </ActionButton>
      ) : null}
    </>
  )
}
