import type { ComponentChildren } from 'preact'
import type { Overview, WorkerAnswers, WorkerRow } from '../../../src/wire/overview.ts'
import { act, answersText } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { bytes, count, duration, rate } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { ask } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Meter } from '../parts/spark.tsx'
import { Ago, Since } from '../parts/time.tsx'

export function WorkersPage() {
  const { data: overview, problem } = useLive<Overview>('overview')
  const workers = overview?.workers
  return (
    <div class="page">
      <PageHead title="Workers" problem={problem} stale={overview !== undefined} />
      {workers === undefined ? (
        problem ? null : (
          <Loading />
        )
      ) : workers.length === 0 ? (
        <Empty icon="workers" title="No worker is alive.">
          Start one: <code>tq worker -A src/tasks.ts</code>. It appears here within two seconds.
        </Empty>
      ) : (
        <div class="workers">
          {workers.map((worker) => (
            <Worker key={worker.id} worker={worker} />
          ))}
        </div>
      )}
    </div>
  )
}

const stateTones = { running: 'ok', paused: 'warn', stopping: 'warn' } as const

function Worker({ worker }: { readonly worker: WorkerRow }) {
  const { name, host, pid, state, queues, paused, concurrency, running, reserved, active, versions, tasks } =
    worker
  const silent = worker.updatedAt
  return (
    <article class="panel worker">
      <header class="worker-head">
        <h2 class="mono clip" title={worker.id}>
          {name}
        </h2>
        <span class={`tag ${stateTones[state]}`}>{state}</span>
        <span class="grow" />
        {may('admin') ? <Actions worker={worker} /> : null}
      </header>
      <p class="faint worker-where">
        <span class="clip">
          {host} · pid {pid} · tq {versions.tq} · node {versions.node} · {versions.platform}
        </span>
      </p>
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
      <dl class="worker-facts">
        <Fact name="Rate">{rate(worker.perSecond)}/s</Fact>
        <Fact name="Succeeded">{count(worker.succeeded)}</Fact>
        <Fact name="Failed">
          <span class={worker.failed > 0 ? 'bad' : ''}>{count(worker.failed)}</span>
        </Fact>
        <Fact name="Retried">{count(worker.retried)}</Fact>
        <Fact name="Memory">{bytes(worker.rss)}</Fact>
        <Fact name="CPU">{Math.round(worker.cpu * 100)} %</Fact>
        <Fact name="Loop lag">
          <span class={worker.lagMs >= 1_000 ? 'bad' : worker.lagMs >= 200 ? 'warn' : ''}>
            {duration(worker.lagMs)}
          </span>
        </Fact>
        <Fact name="Up">
          <Since at={worker.startedAt} />
        </Fact>
        <Fact name="Heard">
          <Ago at={silent} />
        </Fact>
      </dl>
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
      {active.length > 0 ? (
        <details open={active.length <= 5}>
          <summary>Running now</summary>
          <ul class="active">
            {active.slice(0, 50).map(({ id, name: task, startedAt, attempt }) => (
              <li key={id}>
                <a class="mono clip" href={href(pageWith('task', { id }))} title={id}>
                  {task}
                </a>
                {attempt > 0 ? <span class="warn">attempt {attempt + 1}</span> : null}
                <span class="grow" />
                <Since at={startedAt} />
              </li>
            ))}
          </ul>
          {running > 50 ? <p class="faint">and {count(running - 50)} more</p> : null}
        </details>
      ) : null}
    </article>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Actions({ worker }: { readonly worker: WorkerRow }) {
  const { id, name, concurrency, state } = worker
  const resize = async () => {
    const slots = await ask({
      title: `Slots of '${name}'`,
      text: 'How many tasks it runs at once, until it ends.',
      action: 'Set',
      field: { label: 'Slots', value: String(concurrency), required: true },
    })
    if (slots === undefined) return
    await act<WorkerAnswers>(
      'resize-worker',
      { worker: id, slots: Number(slots) },
      answersText(`${name} has ${slots} slots`),
    )
  }
  const addQueue = async () => {
    const queue = await ask({
      title: `One more queue for '${name}'`,
      text: 'It takes tasks from there too, until it ends. name:weight gives it a weight.',
      action: 'Add',
      field: { label: 'Queue', required: true },
    })
    if (queue === undefined) return
    await act<WorkerAnswers>(
      'add-queue',
      { worker: id, queue },
      answersText(`${name} takes tasks from '${queue}'`),
    )
  }
  const removeQueue = async () => {
    const queue = await ask({
      title: `One queue less for '${name}'`,
      text: 'It takes no more tasks from there, until it ends. What runs goes on.',
      action: 'Remove',
      field: { label: 'Queue', required: true, value: worker.queues[0] ?? '' },
    })
    if (queue === undefined) return
    await act<WorkerAnswers>(
      'remove-queue',
      { worker: id, queue },
      answersText(`${name} leaves '${queue}' alone`),
    )
  }
  const stop = async () => {
    const sure = await ask({
      title: `Stop worker '${name}'?`,
      text: 'As by SIGTERM: running tasks finish within the grace period, the rest is given back to the queue. Whatever started it may start it again.',
      action: 'Stop it',
      danger: true,
    })
    if (sure === undefined) return
    await act<WorkerAnswers>('stop-worker', { worker: id }, answersText(`${name} is stopping`))
  }
  return (
    <div class="buttons">
      <button
        type="button"
        class="button small"
        onClick={() => void resize()}
        aria-label={`Change the slots of ${name}`}
      >
        Slots
      </button>
      <button
        type="button"
        class="button small"
        onClick={() => void addQueue()}
        aria-label={`Add a queue to ${name}`}
      >
        <Icon name="plus" size={14} /> Queue
      </button>
      <button
        type="button"
        class="button small"
        onClick={() => void removeQueue()}
        aria-label={`Remove a queue from ${name}`}
      >
        <Icon name="minus" size={14} /> Queue
      </button>
      <button
        type="button"
        class="button danger small"
        disabled={state === 'stopping'}
        onClick={() => void stop()}
        aria-label={`Stop ${name}`}
      >
        <Icon name="stop" size={14} /> Stop
      </button>
    </div>
  )
}
