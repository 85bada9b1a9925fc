import { useLocation } from 'preact-iso'
import type { TaskDetail } from '../../../../src/wire/task.ts'
import { useLive } from '../../data/live.ts'
import { href } from '../../lib/root.ts'
import { JsonView } from '../../parts/json-view.tsx'
import { LivePage } from '../../parts/live-page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateBadge } from '../../parts/state.tsx'
import { Timeline } from '../../parts/timeline.tsx'
import { Attempts } from './attempts.tsx'
import { Facts } from './facts.tsx'
import { LastLog } from './log.tsx'
import { Outcome } from './outcome.tsx'
import { Reasons } from './reasons.tsx'
import { TaskActions } from './task-actions.tsx'

/** All that is known of one task. */
export function TaskPage() {
  const { query } = useLocation()
  const live = useLive<TaskDetail>(`task?id=${encodeURIComponent(query['id'] ?? '')}`)
  return (
    <LivePage
      title={live.data?.name ?? 'Task'}
      id={live.data?.id ?? ''}
      live={live}
      otherwise={
        <p>
          <a href={href('tasks')}>All tasks</a>
        </p>
      }
      aside={(task) => (
        <>
          <StateBadge state={task.state} />
          <span class="grow" />
          <TaskActions task={task} />
        </>
      )}
    >
      {(task) => (
        <>
          <Reasons reasons={task.reasons} />
          <div class="columns">
            <div class="column">
              <Outcome task={task} />
              <Input args={task.args} />
              <Attempts attempts={task.attempts} />
              <LastLog lines={task.logs} dropped={task.logsDropped} />
            </div>
            <div class="column side-column">
              <Panel title="Course">
                <Timeline task={task} />
              </Panel>
              <Panel title="Facts">
                <Facts task={task} />
              </Panel>
            </div>
          </div>
        </>
      )}
    </LivePage>
  )
}

function Input({ args }: { readonly args: unknown }) {
  return (
    <Panel title="Input">
      {args === undefined ? (
        <p class="faint">Not kept, or not known yet: a worker writes it when it takes the task.</p>
      ) : (
        <JsonView value={args} what="input" />
      )}
    </Panel>
  )
}
