import type { ComponentChildren } from 'preact'
import { useLocation } from 'preact-iso'
import type { FailedAttempt, LogLine, Reason, TaskDetail } from '../../../src/wire/task.ts'
import { act } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { dateTime, duration, inline, timeOfDay } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { ask } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { JsonView } from '../parts/json-view.tsx'
import { Loading, ProblemNotice } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Ago, Since } from '../parts/time.tsx'
import { Timeline } from '../parts/timeline.tsx'

const ended: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED'])

export function TaskPage() {
  const { query } = useLocation()
  const id = query['id'] ?? ''
  const path = `task?id=${encodeURIComponent(id)}`
  const { data: task, problem } = useLive<TaskDetail>(path)
  if (!task) {
    return (
      <div class="page">
        <PageHead title="Task" problem={problem} />
        {problem ? (
          <p>
            <a href={href('tasks')}>All tasks</a>
          </p>
        ) : (
          <Loading />
        )}
      </div>
    )
  }
  return (
    <div class="page">
      <PageHead title={task.name}>
        <StateBadge state={task.state} />
        <span class="grow" />
        <Actions task={task} />
      </PageHead>
      <p class="task-id">
        <span class="mono clip">{task.id}</span>
        <CopyButton what="id" text={() => task.id} />
      </p>
      {problem ? <ProblemNotice problem={problem} stale /> : null}
      <Reasons reasons={task.reasons} />
      <div class="columns">
        <div class="column">
          <Outcome task={task} />
          <Part title="Input" empty={task.args === undefined}>
            <JsonView value={task.args} what="input" />
          </Part>
          <Attempts attempts={task.attempts} />
          <Logs lines={task.logs} dropped={task.logsDropped} />
        </div>
        <div class="column side-column">
          <section class="panel">
            <h2>Course</h2>
            <Timeline task={task} />
          </section>
          <section class="panel">
            <h2>Facts</h2>
            <Facts task={task} />
          </section>
        </div>
      </div>
    </div>
  )
}

function Actions({ task }: { readonly task: TaskDetail }) {
  const { id, name, state, canRetry } = task
  if (!may('operate')) return null
  const retry = async () => {
    await act('retry-task', { id }, `${name} runs again`)
  }
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
        <button type="button" class="button primary" onClick={() => void retry()}>
          <Icon name="retry" size={14} /> Retry
        </button>
      ) : null}
      {ended.has(state) ? null : (
        <button type="button" class="button danger" onClick={() => void revoke(false)}>
          <Icon name="stop" size={14} /> Revoke
        </button>
      )}
      {state === 'STARTED' ? (
        <button type="button" class="button danger" onClick={() => void revoke(true)}>
          Kill
        </button>
      ) : null}
    </div>
  )
}

const titles = { blocks: 'It does not run', waits: 'It waits', fine: 'All is well' } as const

function Reasons({ reasons }: { readonly reasons: readonly Reason[] }) {
  const [first] = reasons
  if (!first) return null
  const tone = first.kind === 'blocks' ? 'bad' : first.kind === 'waits' ? 'warn' : 'info'
  return (
    <section class={`notice ${tone}`} aria-label="Why is it not running?">
      <Icon name={first.kind === 'fine' ? 'info' : 'warning'} />
      <div>
        <p class="notice-title">{titles[first.kind]}</p>
        {reasons.map(({ text, fix }) => (
          <p key={text}>
            {text}
            {fix ? <span class="fix"> {fix}</span> : null}
          </p>
        ))}
      </div>
    </section>
  )
}

function Outcome({ task }: { readonly task: TaskDetail }) {
  const { state, error, reason, progress, hasResult, result } = task
  if (state === 'STARTED' && progress) {
    return (
      <section class="panel">
        <h2>Progress</h2>
        <p class="progress-line large">
          <progress value={progress.fraction} max={1} aria-label="Progress" />
          <span>
            {Math.round(progress.fraction * 100)} %{progress.message ? ` · ${progress.message}` : ''}
          </span>
        </p>
      </section>
    )
  }
  if (error && state !== 'SUCCESS') {
    return (
      <section class="panel">
        <h2>{state === 'RETRY' ? 'Last error' : 'Error'}</h2>
        <ErrorText error={error} open />
        {reason ? <p class="faint">{reason}</p> : null}
      </section>
    )
  }
  if (state === 'REVOKED') {
    return (
      <section class="panel">
        <h2>Revoked</h2>
        <p>{reason ?? 'No reason was given.'}</p>
      </section>
    )
  }
  if (state !== 'SUCCESS') return null
  return (
    <Part
      title="Result"
      empty={!hasResult || result === undefined}
      emptyText={hasResult ? 'Hidden.' : 'It returned nothing, or its result is no longer kept.'}
    >
      <JsonView value={result} what="result" />
    </Part>
  )
}

function Part({
  title,
  empty,
  emptyText = 'Not kept, or not known yet: a worker writes it when it takes the task.',
  children,
}: {
  readonly title: string
  readonly empty: boolean
  readonly emptyText?: string
  readonly children: ComponentChildren
}) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      {empty ? <p class="faint">{emptyText}</p> : children}
    </section>
  )
}

function ErrorText({ error, open }: { readonly error: FailedAttempt['error']; readonly open: boolean }) {
  const { name, message, code, stack } = error
  return (
    <div class="error-text">
      <p class="error-message">
        <strong>{name}</strong>
        {code ? <span class="tag">{code}</span> : null} {message}
      </p>
      {stack ? (
        <details open={open}>
          <summary>Stack</summary>
          <div class="stack-box">
            <CopyButton what="stack" text={() => stack} />
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
            <pre tabIndex={0}>{stack}</pre>
          </div>
        </details>
      ) : null}
    </div>
  )
}

function Attempts({ attempts }: { readonly attempts: readonly FailedAttempt[] }) {
  if (attempts.length === 0) return null
  return (
    <section class="panel">
      <h2>Failed attempts</h2>
      <ol class="attempts">
        {[...attempts].reverse().map((one) => (
          <li key={`${one.attempt} ${one.endedAt}`}>
            <details>
              <summary>
                <span class="attempt-number">{one.attempt + 1}</span>
                <span class="bad clip">
                  {one.error.name}: {one.error.message}
                </span>
                <span class="faint">
                  {one.startedAt === undefined ? '' : `${duration(one.endedAt - one.startedAt)} · `}
                  <Ago at={one.endedAt} />
                </span>
              </summary>
              <p class="faint">
                on <span class="mono">{one.worker}</span>, {dateTime(one.endedAt)}
              </p>
              <ErrorText error={one.error} open={false} />
              {one.logs.length > 0 ? <LogLines lines={one.logs} /> : null}
            </details>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Logs({ lines, dropped }: { readonly lines: readonly LogLine[]; readonly dropped: number }) {
  if (lines.length === 0) return null
  return (
    <section class="panel">
      <h2>Log of the last run</h2>
      {dropped > 0 ? <p class="faint">{dropped} earlier lines were not kept.</p> : null}
      <LogLines lines={lines} />
    </section>
  )
}

function LogLines({ lines }: { readonly lines: readonly LogLine[] }) {
  return (
    <ol class="log">
      {lines.map((line, at) => (
        <li key={at} class={`log-${line.level}`}>
          <time dateTime={new Date(line.at).toISOString()}>{timeOfDay(line.at)}</time>
          <span class="log-level">{line.level}</span>
          <span class="log-text">
            {line.text}
            {line.fields === undefined ? null : <span class="faint"> {inline(line.fields)}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}

function Facts({ task }: { readonly task: TaskDetail }) {
  const { queue, worker, attempt, generation, sentAt, dueAt, startedAt, endedAt, runtimeMs } = task
  const { parent, workflow, tags, state } = task
  const firstStart = task.timeline.find((change) => change.state === 'STARTED')?.at
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    [
      'Queue',
      <a key="queue" class="mono" href={href(pageWith('tasks', { queue }))}>
        {queue}
      </a>,
    ],
    [
      'Worker',
      worker ? (
        <a key="worker" class="mono" href={href(pageWith('tasks', { worker }))}>
          {worker}
        </a>
      ) : undefined,
    ],
    [
      'Run time',
      runtimeMs !== undefined ? (
        duration(runtimeMs)
      ) : state === 'STARTED' && startedAt ? (
        <Since key="since" at={startedAt} />
      ) : undefined,
    ],
    [
      'Waited',
      sentAt !== undefined && firstStart !== undefined
        ? duration(Math.max(0, firstStart - Math.max(sentAt, dueAt ?? 0)))
        : undefined,
    ],
    ['Sent', sentAt === undefined ? undefined : dateTime(sentAt)],
    ['Due', dueAt === undefined ? undefined : dateTime(dueAt)],
    ['Started', startedAt === undefined ? undefined : dateTime(startedAt)],
    ['Ended', endedAt === undefined ? undefined : dateTime(endedAt)],
    ['Attempt', String(attempt + 1)],
    ['Run again', generation > 0 ? `${generation} times by hand` : undefined],
    [
      'Sent by',
      parent ? (
        <a key="parent" class="mono clip" href={href(pageWith('task', { id: parent }))}>
          {parent}
        </a>
      ) : undefined,
    ],
    [
      'Workflow',
      workflow ? (
        <a key="workflow" class="mono clip" href={href(pageWith('workflow', { id: workflow }))}>
          {workflow}
        </a>
      ) : undefined,
    ],
    [
      'Tags',
      tags.length > 0
        ? tags.map((tag) => (
            <a key={tag} class="tag" href={href(pageWith('tasks', { tag }))}>
              {tag}
            </a>
          ))
        : undefined,
    ],
    [
      'Its tasks',
      <a key="children" href={href(pageWith('tasks', { parent: task.id }))}>
        Show what it sent
      </a>,
    ],
  ]
  return (
    <dl class="facts">
      {rows.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
