import type { TaskRow } from '../../../../src/wire/task.ts'
import { duration, inline, shortId } from '../../lib/format.ts'
import { now } from '../../lib/now.ts'
import { href, pageWith } from '../../lib/root.ts'
import { ProgressLine } from '../../parts/progress-line.tsx'
import { StateBadge } from '../../parts/state.tsx'
import { Ago, Since } from '../../parts/time.tsx'

interface TaskLineProps {
  readonly task: TaskRow
  readonly index: number
  readonly focused: boolean
  readonly selected: boolean
  readonly toggle: (id: string) => void
}

export function TaskHead({
  allShown,
  toggleAll,
  order,
}: {
  readonly allShown: boolean
  readonly toggleAll: () => void
  readonly order: string | undefined
}) {
  return (
    <div class="task-line head" role="row">
      <span role="columnheader" class="cell-check">
        <input
          type="checkbox"
          checked={allShown}
          onChange={toggleAll}
          aria-label="Select all that are shown"
        />
      </span>
      <span role="columnheader">State</span>
      <span role="columnheader">Task</span>
      <span role="columnheader">Input or error</span>
      <span role="columnheader">Queue</span>
      <span role="columnheader">Worker</span>
      <span role="columnheader" class="num">
        Tries
      </span>
      <span role="columnheader" class="num">
        Run time
      </span>
      <span role="columnheader" class="num">
        {order === 'earliest' ? 'Sent ↑' : 'Sent ↓'}
      </span>
    </div>
  )
}

/** One task on one line. The name leads to it. */
export function TaskLine({ task, index, focused, selected, toggle }: TaskLineProps) {
  const { id, name, queue, state, worker, runtimeMs, startedAt, sentAt, updatedAt } = task
  // The last one of a task that has failed for good is not counted as an attempt that was retried.
  const failures = state === 'FAILURE' ? task.attempt + 1 : task.attempt
  const marks = `task-line${focused ? ' focused' : ''}${selected ? ' selected' : ''}`
  return (
    <div class={marks} role="row" aria-rowindex={index + 1}>
      <span role="cell" class="cell-check">
        <input
          type="checkbox"
          checked={selected}
          onChange={() => toggle(id)}
          aria-label={`Select ${name} ${id}`}
        />
      </span>
      <span role="cell" class="cell-state">
        <StateBadge state={state} />
      </span>
      <span role="cell" class="cell-name">
        <a
          class="mono clip"
          href={href(pageWith(queue === '' ? 'workflow' : 'task', { id }))}
          title={`${name}\n${id}`}
        >
          {name}
        </a>
        <span class="mono faint id" title={id}>
          {shortId(id)}
        </span>
      </span>
      <span role="cell" class="cell-what">
        <What task={task} />
      </span>
      <span role="cell" class="cell-queue clip" title={queue}>
        {queue}
      </span>
      <span role="cell" class="cell-worker clip faint" title={worker ?? ''}>
        {worker ?? ''}
      </span>
      <span role="cell" class="num cell-tries warn">
        {failures > 0 ? `${failures} failed` : ''}
      </span>
      <span role="cell" class="num cell-runtime">
        {runtimeMs !== undefined ? (
          duration(runtimeMs)
        ) : state === 'STARTED' && startedAt !== undefined ? (
          <Since at={startedAt} />
        ) : (
          ''
        )}
      </span>
      <span role="cell" class="num cell-sent faint">
        <Ago at={sentAt ?? updatedAt} />
      </span>
    </div>
  )
}

/** What tells one task from the next: why it failed, how far it is, when it is due, or its input. */
function What({ task }: { readonly task: TaskRow }) {
  const { error, reason, progress, dueAt, args, state } = task
  if (error && state !== 'SUCCESS') {
    const text = `${error.name}: ${error.message}`
    return (
      <span class="bad clip" title={text}>
        {text}
      </span>
    )
  }
  if (state === 'REVOKED' && reason) return <span class="faint clip">{reason}</span>
  if (state === 'STARTED' && progress) return <ProgressLine progress={progress} />
  const due = state === 'PENDING' && dueAt !== undefined && dueAt > now.value
  return (
    <span class="clip mono faint" title={inline(args)}>
      {due ? (
        <span class="tag">
          due <Ago at={dueAt} />
        </span>
      ) : null}
      {inline(args)}
    </span>
  )
}
