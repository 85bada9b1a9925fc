import { useLocation } from 'preact-iso'
import type { WorkflowDetail } from '../../../src/wire/workflow.ts'
import { act } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { count, duration } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { ask } from '../parts/dialog.tsx'
import { Graph, GraphTask } from '../parts/graph.tsx'
import { Icon } from '../parts/icon.tsx'
import { JsonView } from '../parts/json-view.tsx'
import { Loading, ProblemNotice } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Ago } from '../parts/time.tsx'

export function WorkflowPage() {
  const { query } = useLocation()
  const id = query['id'] ?? ''
  const path = `workflow?id=${encodeURIComponent(id)}`
  const { data: workflow, problem } = useLive<WorkflowDetail>(path)
  if (!workflow) {
    return (
      <div class="page">
        <PageHead title="Workflow" problem={problem} />
        {problem ? <a href={href('workflows')}>All workflows</a> : <Loading />}
      </div>
    )
  }
  const { state, sentAt, endedAt, error, graph, callbacks, complete, done, total } = workflow
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
    <div class="page">
      <PageHead title="Workflow">
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
          <button
            type="button"
            class="button primary"
            title="Runs again what failed; what did not is not run again"
            onClick={() => void act('retry-task', { id }, 'The workflow goes on from what failed')}
          >
            <Icon name="retry" size={14} /> Retry what failed
          </button>
        ) : null}
        {state === 'STARTED' && may('operate') ? (
          <button type="button" class="button danger" onClick={() => void revoke()}>
            <Icon name="stop" size={14} /> Revoke
          </button>
        ) : null}
      </PageHead>
      <p class="task-id">
        <span class="mono clip">{id}</span>
        <CopyButton what="id" text={() => id} />
      </p>
      {problem ? <ProblemNotice problem={problem} stale /> : null}
      {error ? (
        <div class="notice bad">
          <Icon name="warning" />
          <div>
            <p class="notice-title">{error.name}</p>
            <p>{error.message}</p>
          </div>
        </div>
      ) : null}
      <section class="panel">
        <h2>Steps</h2>
        {graph ? <Graph node={graph} /> : <p class="faint">None of its tasks is known.</p>}
        {complete ? null : (
          <p class="faint">It has more tasks than are looked at here; they are all on the tasks page.</p>
        )}
      </section>
      {callbacks.length > 0 ? (
        <section class="panel">
          <h2>Error callbacks</h2>
          <div class="callbacks">
            {callbacks.map((node) => (node.kind === 'task' ? <GraphTask key={node.id} node={node} /> : null))}
          </div>
        </section>
      ) : null}
      {workflow.result === undefined ? null : (
        <section class="panel">
          <h2>Result</h2>
          <JsonView value={workflow.result} what="result" />
        </section>
      )}
    </div>
  )
}
