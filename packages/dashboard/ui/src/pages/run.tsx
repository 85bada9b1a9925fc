import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { Problem } from '../../../src/wire/common.ts'
import type { Overview } from '../../../src/wire/overview.ts'
import type { TaskForm } from '../../../src/wire/task.ts'
import { act } from '../data/actions.ts'
import { get, toProblem } from '../data/api.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { href, pageWith } from '../lib/root.ts'
import type { Field } from '../lib/schema-form.ts'
import { fieldsOf, parseJson, toInput } from '../lib/schema-form.ts'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { SchemaField } from '../parts/schema-field.tsx'

/** Sends a task by hand. */
export function RunPage() {
  const { query, route } = useLocation()
  const name = query['task'] ?? ''
  const { data: overview } = useLive<Overview>('overview')
  const names = overview?.names ?? []
  return (
    <div class="page">
      <PageHead title="Run a task" />
      {may('operate') ? null : (
        <Empty icon="info" title="You may look, not run.">
          Running a task needs the role operate.
        </Empty>
      )}
      {may('operate') ? (
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
            <Loaded key={name} name={name} queues={(overview?.queues ?? []).map((queue) => queue.name)} />
          )}
        </section>
      ) : null}
    </div>
  )
}

function Loaded({ name, queues }: { readonly name: string; readonly queues: readonly string[] }) {
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
  return form.value ? <Form form={form.value} queues={queues} /> : <Loading />
}

function Form({ form, queues }: { readonly form: TaskForm; readonly queues: readonly string[] }) {
  const { route } = useLocation()
  const fields = useMemo(() => (form.schema ? fieldsOf(form.schema) : []), [form])
  const texts = useSignal<ReadonlyMap<Field, string>>(new Map())
  const problems = useSignal<ReadonlyMap<Field, string>>(new Map())
  const asJson = useSignal(form.schema === null)
  const json = useSignal('')
  const jsonProblem = useSignal('')
  const queue = useSignal('')
  const countdown = useSignal('')
  const priority = useSignal('')
  const busy = useSignal(false)

  const read = (): { readonly input: unknown } | undefined => {
    problems.value = new Map()
    jsonProblem.value = ''
    if (!asJson.value) {
      const typed = toInput(fields, texts.value)
      if ('input' in typed) return typed
      problems.value = typed.problems
      return undefined
    }
    if (json.value.trim() === '') return { input: undefined }
    const input = parseJson(json.value)
    if (input !== undefined) return { input }
    jsonProblem.value = 'This is not JSON.'
    return undefined
  }
  const showJson = () => {
    const typed = toInput(fields, texts.value)
    if ('input' in typed) json.value = JSON.stringify(typed.input, null, 2)
    asJson.value = true
  }
  const submit = async (event: Event) => {
    event.preventDefault()
    const typed = read()
    if (!typed || busy.value) return
    busy.value = true
    const sent = await act<{ id: string }>(
      'run-task',
      {
        task: form.name,
        ...(typed.input === undefined ? {} : { input: typed.input }),
        // Where this dashboard does not know the task, nobody else tells its queue.
        queue: queue.value.trim() || (form.checked ? '' : (form.queue ?? '')),
        countdown: countdown.value.trim(),
        ...(priority.value === '' ? {} : { priority: Number(priority.value) }),
      },
      `${form.name} was sent`,
    )
    busy.value = false
    if (sent) route(href(pageWith('task', { id: sent.id })))
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {asJson.value ? (
        <label class="field">
          <span>Input, as JSON</span>
          <textarea
            class="mono"
            rows={8}
            spellcheck={false}
            value={json.value}
            placeholder={'{"x": 1}'}
            aria-invalid={jsonProblem.value !== ''}
            onInput={(event) => {
              json.value = event.currentTarget.value
            }}
          />
          <small class={jsonProblem.value ? 'bad' : 'faint'}>
            {jsonProblem.value ||
              (form.checked
                ? 'Checked by its schema before it is sent. Empty: no input.'
                : 'Checked by the worker that takes it. Empty: no input.')}
          </small>
        </label>
      ) : (
        fields.map((field) => (
          <SchemaField
            key={field.name ?? ''}
            field={field}
            text={texts.value.get(field) ?? field.first}
            problem={problems.value.get(field)}
            change={(text) => {
              texts.value = new Map(texts.value).set(field, text)
            }}
          />
        ))
      )}
      {!asJson.value && fields.length === 0 ? <p class="faint">It takes no input.</p> : null}
      <div class="field-row">
        <label class="field">
          <span>Queue</span>
          <input
            value={queue.value}
            placeholder={form.queue ?? 'its own'}
            list="queues"
            autocomplete="off"
            onInput={(event) => {
              queue.value = event.currentTarget.value
            }}
          />
          <datalist id="queues">
            {queues.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </label>
        <label class="field">
          <span>Not before</span>
          <input
            value={countdown.value}
            placeholder="now, or 10m"
            autocomplete="off"
            onInput={(event) => {
              countdown.value = event.currentTarget.value
            }}
          />
        </label>
        <label class="field">
          <span>Priority</span>
          <select
            value={priority.value}
            onChange={(event) => {
              priority.value = event.currentTarget.value
            }}
          >
            <option value="">its own</option>
            {Array.from({ length: 10 }, (_, at) => String(9 - at)).map((one) => (
              <option key={one} value={one}>
                {one === '9' ? '9 (first)' : one === '0' ? '0 (last)' : one}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="dialog-buttons">
        {form.schema === null ? null : (
          <button
            type="button"
            class="button quiet"
            onClick={() => {
              if (asJson.value) asJson.value = false
              else showJson()
            }}
          >
            {asJson.value ? 'As a form' : 'As JSON'}
          </button>
        )}
        <span class="grow" />
        <button type="submit" class="button primary" disabled={busy.value}>
          <Icon name="play" size={14} /> Run
        </button>
      </div>
    </form>
  )
}
