import type { WorkerRow } from '../../../../src/wire/overview.ts'
import { may } from '../../data/session.ts'
import { count } from '../../lib/format.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Meter } from '../../parts/spark.tsx'
import { Since } from '../../parts/time.tsx'
import { WorkerActions } from './worker-actions.tsx'
import { WorkerFacts } from './worker-facts.tsx'

const stateTones = { running: 'ok', paused: 'warn', stopping: 'warn' } as const
const mostActive = 50

export interface OfWorker {
  readonly worker: WorkerRow
}

/** A worker: how busy it is, how it does, what it takes and what it runs. */
export function WorkerCard({ worker }: OfWorker) {
  const { id, name, host, pid, state, versions } = worker
  return (
    <article class="panel worker">
      <header class="worker-head">
        <h2 class="mono clip" title={id}>
          {name}
        </h2>
        <span class={`tag ${stateTones[state]}`}>{state}</span>
        <span class="grow" />
        {may('admin') ? <WorkerActions worker={worker} /> : null}
      </header>
      <p class="faint worker-where">
        <span class="clip">
          {host} · pid {pid} · tq {versions.tq} · node {versions.node} · {versions.platform}
        </span>
      </p>
      <Slots worker={worker} />
      <WorkerFacts worker={worker} />
      <Queues worker={worker} />
      <KnownTasks worker={worker} />
      <RunningTasks worker={worker} />
    </article>
  )
}

function Slots({ worker: { running, reserved, concurrency } }: OfWorker) {
  return (
    <div class="worker-slots">
      <span>
        <strong>{count(running)}</strong> of {count(concurrency)} slots
        {reserved > 0 ? <span class="faint"> · {count(reserved)} taken, waiting</span> : null}
      </span>
      <Meter
        value={running}
        most={concurrency}
        label={`${running} of ${concurrency} slots in use`}
        tone={running >= concurrency ? 'warn' : 'accent'}
      />
    </div>
  )
}

function Queues({ worker: { queues, paused } }: OfWorker) {
  return (
    <p class="worker-queues">
      <span class="faint">Queues </span>
      {queues.length === 0 ? <span class="warn">none</span> : null}
      {queues.map((queue) => (
        <a
          key={queue}
          class={paused.includes(queue) ? 'tag warn' : 'tag'}
          href={href(pageWith('tasks', { queue }))}
        >
          {queue}
          {paused.includes(queue) ? ' (paused)' : ''}
        </a>
      ))}
    </p>
  )
}

function KnownTasks({ worker: { tasks } }: OfWorker) {
  return (
    <details>
      <summary>
        {count(tasks.length)} {tasks.length === 1 ? 'task' : 'tasks'} known
      </summary>
      <p class="worker-queues">
        {tasks.map((task) => (
          <a key={task} class="tag mono" href={href(pageWith('tasks', { name: task }))}>
            {task}
          </a>
        ))}
      </p>
    </details>
  )
}

function RunningTasks({ worker: { active, running } }: OfWorker) {
  if (active.length === 0) return null
  return (
    <details open={active.length <= 5}>
      <summary>Running now</summary>
      <ul class="active">
        {active.slice(0, mostActive).map(({ id, name, startedAt, attempt }) => (
          <li key={id}>
            <a class="mono clip" href={href(pageWith('task', { id }))} title={id}>
              {name}
            </a>
            {attempt > 0 ? <span class="warn">attempt {attempt + 1}</span> : null}
            <span class="grow" />
            <Since at={startedAt} />
          </li>
        ))}
      </ul>
      {running > mostActive ? <p class="faint">and {count(running - mostActive)} more</p> : null}
    </details>
  )
}
