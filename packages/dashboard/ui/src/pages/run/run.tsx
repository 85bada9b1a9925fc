import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { Problem } from '../../../../src/wire/common.ts'
import type { Overview } from '../../../../src/wire/overview.ts'
import type { TaskForm } from '../../../../src/wire/task.ts'
import { get, toProblem } from '../../data/api.ts'
import { useLive } from '../../data/live.ts'
import { may } from '../../data/session.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Empty, Loading, ProblemNotice } from '../../parts/notice.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { RunForm } from './run-form.tsx'

/** Sends a task by hand. */
export function RunPage() {
  return (
    <div class="page">
      <PageHead title="Run a task" />
      {may('operate') ? (
        <ChooseTask />
      ) : (
        <Empty icon="info" title="You may look, not run.">
          Running a task needs the role operate.
        </Empty>
      )}
    </div>
  )
}

function ChooseTask() {
  const { query, route } = useLocation()
  const name = query['task'] ?? ''
  const { data: overview } = useLive<Overview>('overview')
  const names = overview?.names ?? []
  return (
    <section class="panel form">
      <label class="field">
        <span>Task</span>
        <select
          value={name}
          onChange={(event) => route(href(pageWith('run', { task: event.currentTarget.value })), true)}
        >
          <option value="">Choose one</option>
          {(name === '' || names.includes(name) ? names : [name, ...names]).map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {name === '' ? (
        <p class="faint">
          {names.length === 0
            ? 'No task is known: start a worker, or start the dashboard with your task file (tq dashboard -A tasks.js).'
            : 'It is sent as your application would send it, and noted in the audit log.'}
        </p>
      ) : (
        <FormOf key={name} name={name} queues={(overview?.queues ?? []).map((queue) => queue.name)} />
      )}
    </section>
  )
}

function FormOf({ name, queues }: { readonly name: string; readonly queues: readonly string[] }) {
  const form = useSignal<TaskForm | undefined>(undefined)
  const problem = useSignal<Problem | undefined>(undefined)
  useEffect(() => {
    get<TaskForm>(pageWith('form', { task: name })).then(
      (found) => {
        form.value = found
      },
      (error: unknown) => {
        problem.value = toProblem(error)
      },
    )
  }, [name])
  if (problem.value) return <ProblemNotice problem={problem.value} />
  return form.value ? <RunForm form={form.value} queues={queues} /> : <Loading />
}
