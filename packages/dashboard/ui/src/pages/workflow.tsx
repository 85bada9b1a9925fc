import { useLocation } from 'preact-iso'
import type { WorkflowDetail } from '../../../src/wire/workflow.ts'
import { act } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { count, duration } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { ActionButton } from '../parts/action-button.tsx'
import { ask } from '../parts/dialog.tsx'
import { Graph, GraphTask } from '../parts/graph.tsx'
import { Icon } from '../parts/icon.tsx'
import { JsonView } from '../parts/json-view.tsx'
import { LivePage } from '../parts/live-page.tsx'
import { Panel } from '../parts/panel.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Ago } from '../parts/time.tsx'

export function WorkflowPage() {
  const { query } = useLocation()
  const id = query['id'] ?? ''
  const live = useLive<WorkflowDetail>(`workflow?id=${encodeURIComponent(id)}`)
  return (
    <LivePage
      title="Workflow"
      id={id}
      live={live}
      otherwise={<a href={href('workflows')}>All workflows</a>}
      aside={(workflow) => <Aside id={id} workflow={workflow} />}
    >
      {(workflow) => <Parts workflow={workflow} />}
    </LivePage>
  )
}

function Aside({
  id,
  workflow: { state, sentAt, endedAt, done, total },
}: {
  readonly id: string
  readonly workflow: WorkflowDetail
}) {
  const retry = () => act('retry-task', { id }, 'The workflow goes on from what failed')
  const revoke = async () => {
    const reason = await ask({
      title: 'Revoke this workflow?',
      text: 'No further step is started. Tasks that are queued or run already go on: revoke them one by one, or all on the tasks page.',
      action: 'Revoke',
      danger: true,
      field: { label: 'Why (kept with it)', placeholder: 'optional' },
    })
    if (reason === undefined) return
    await act('revoke-task', { id, reason }, 'The workflow is revoked')
  }
  return (
    <>
      <StateBadge state={state} />
      <span class="faint">
        {state === 'STARTED' && total > 1 ? `${count(done)} of ${count(total)} · ` : ''}
        {sentAt !== undefined && endedAt !== undefined ? `${duration(endedAt - sentAt)} · ` : ''}
        sent <Ago at={sentAt} />
      </span>
      <span class="grow" />
      <a class="button" href={href(pageWith('tasks', { workflow: id }))}>
        <Icon name="tasks" size={14} /> Its tasks
      </a>
      {state === 'FAILURE' && may('operate') ? (
        <ActionButton
          run={retry}
          icon="retry"
          tone="primary"
          title="Runs again what failed; what did not is not run again"
        >
          Retry what failed
        </ActionButton>
      ) : null}
      {state === 'STARTED' && may('operate') ? (
        <ActionButton run={revoke} icon="stop" tone="danger">
          Revoke
        </ActionButton>
      ) : null}
    </>
  )
}

function Parts({
  workflow: { error, graph, complete, callbacks, result },
}: {
  readonly workflow: WorkflowDetail
}) {
  return (
    <>
      {error ? (
        <div class="notice bad">
          <Icon name="warning" />
          <div>
            <p class="notice-title">{error.name}</p>
            <p>{error.message}</p>
          </div>
        </div>
      ) : null}
      <Panel title="Steps">
        {graph ? <Graph node={graph} /> : <p class="faint">None of its tasks is known.</p>}
        {complete ? null : (
          <p class="faint">It has more tasks than are looked at here; they are all on the tasks page.</p>
        )}
      </Panel>
      {callbacks.length > 0 ? (
        <Panel title="Error callbacks">
          <div class="callbacks">
            {callbacks.map((node) => (node.kind === 'task' ? <GraphTask key={node.id} node={node} /> : null))}
          </div>
        </Panel>
      ) : null}
      {result === undefined ? null : (
        <Panel title="Result">
          <JsonView value={result} what="result" />
        </Panel>
      )}
    </>
  )
}
