import type { TaskDetail } from '../../../../src/wire/task.ts'
import { JsonView } from '../../parts/json-view.tsx'
import { Panel } from '../../parts/panel.tsx'
import { ProgressLine } from '../../parts/progress-line.tsx'
import { ErrorText } from './error-text.tsx'

/** What came of it: how far it is, its error, its result. Nothing while there is nothing to tell. */
export function Outcome({ task }: { readonly task: TaskDetail }) {
  const { state, error, reason, progress } = task
  if (state === 'STARTED' && progress) {
    return (
      <Panel title="Progress">
        <ProgressLine progress={progress} large />
      </Panel>
    )
  }
  if (error && state !== 'SUCCESS') {
    return (
      <Panel title={state === 'RETRY' ? 'Last error' : 'Error'}>
        <ErrorText error={error} open />
        {reason ? <p class="faint">{reason}</p> : null}
      </Panel>
    )
  }
  if (state === 'REVOKED') {
    return (
      <Panel title="Revoked">
        <p>{reason ?? 'No reason was given.'}</p>
      </Panel>
    )
  }
  return state === 'SUCCESS' ? <Result task={task} /> : null
}

function Result({ task: { hasResult, result } }: { readonly task: TaskDetail }) {
  return (
    <Panel title="Result">
      {result === undefined ? (
        <p class="faint">{hasResult ? 'Hidden.' : 'It returned nothing, or its result is no longer kept.'}</p>
      ) : (
        <JsonView value={result} what="result" />
      )}
    </Panel>
  )
}
