import type { Overview, QueueRow, WorkerAnswers } from '../../../src/wire/overview.ts'
import { act, answersText } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { count } from '../lib/format.ts'
import { ask } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { QueueTable } from '../parts/queue-table.tsx'

export function QueuesPage() {
  const { data: overview, problem } = useLive<Overview>('overview')
  return (
    <div class="page">
      <PageHead title="Queues" problem={problem} stale={overview !== undefined} />
      {overview ? (
        <section class="panel">
          <QueueTable
            queues={overview.queues}
            {...(may('operate') ? { actions: (queue: QueueRow) => <Actions queue={queue} /> } : {})}
          />
        </section>
      ) : problem ? null : (
        <Loading />
      )}
    </div>
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
  const resume = async () => {
    await act('resume-queue', { queue: name }, `Queue '${name}' goes on`)
  }
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
        <button
          type="button"
          class="button primary small"
          onClick={() => void resume()}
          aria-label={`Resume queue ${name}`}
        >
          <Icon name="play" size={14} /> Resume
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => void pause()}
          aria-label={`Pause queue ${name}`}
        >
          <Icon name="pause" size={14} /> Pause
        </button>
      )}
      {may('admin') && counts ? (
        <button
          type="button"
          class="button danger small"
          onClick={() => void purge()}
          aria-label={`Purge queue ${name}`}
        >
          <Icon name="trash" size={14} /> Purge
        </button>
      ) : null}
    </>
  )
}
