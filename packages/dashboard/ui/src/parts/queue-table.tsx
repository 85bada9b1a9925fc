import type { ComponentChildren } from 'preact'
import type { QueueRow } from '../../../src/wire/overview.ts'
import { count } from '../lib/format.ts'
import { now } from '../lib/now.ts'
import { href, pageWith } from '../lib/root.ts'
import { Empty } from './notice.tsx'
import { Ago } from './time.tsx'

interface QueueTableProps {
  readonly queues: readonly QueueRow[]
  /** What can be done with each. */
  readonly actions?: (queue: QueueRow) => ComponentChildren
}

export function QueueTable({ queues, actions }: QueueTableProps) {
  if (queues.length === 0) {
    return (
      <Empty icon="queues" title="No queue is known.">
        A queue appears when a worker takes tasks from it.
      </Empty>
    )
  }
  return (
    <div class="table-box">
      <table class="table cards">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" class="num">
              Waiting
            </th>
            <th scope="col" class="num">
              With workers
            </th>
            <th scope="col" class="num">
              Delayed
            </th>
            <th scope="col" class="num">
              Oldest
            </th>
            <th scope="col" class="num">
              Dead
            </th>
            <th scope="col">Workers</th>
            {actions ? (
              <th scope="col">
                <span class="offscreen">Actions</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.name}>
              <th scope="row">
                <a class="mono" href={href(pageWith('tasks', { queue: queue.name }))}>
                  {queue.name}
                </a>
                {queue.paused ? <PausedBadge paused={queue.paused} /> : null}
              </th>
              <Counts queue={queue} />
              <td data-label="Workers">
                <Workers queue={queue} />
              </td>
              {actions ? <td class="row-actions">{actions(queue)}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function PausedBadge({ paused }: { readonly paused: NonNullable<QueueRow['paused']> }) {
  const { by, reason, since } = paused
  return (
    <div class="paused-note warn">
      Paused by {by}, <Ago at={since} />
      {reason ? `: ${reason}` : ''}
    </div>
  )
}

function Counts({ queue: { name, counts, dead, oldestAt } }: { readonly queue: QueueRow }) {
  const late = oldestAt !== null && now.value - oldestAt > 300_000
  return (
    <>
      <td class="num strong" data-label="Waiting">
        {known(counts?.ready)}
      </td>
      <td class="num" data-label="With workers">
        {known(counts?.leased)}
      </td>
      <td class="num" data-label="Delayed">
        {known(counts?.delayed)}
      </td>
      <td class={late ? 'num warn' : 'num'} data-label="Oldest">
        <Ago at={oldestAt} />
      </td>
      <td class={dead ? 'num bad' : 'num faint'} data-label="Dead">
        {dead ? <a href={href(pageWith('dead', { queue: name }))}>{count(dead)}</a> : (dead ?? '–')}
      </td>
    </>
  )
}

/** Not every broker counts everything. */
function known(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : count(value)
}

function Workers({ queue: { workers, counts } }: { readonly queue: QueueRow }) {
  if (workers.length === 0)
    return <span class={counts && counts.ready > 0 ? 'bad' : 'faint'}>no worker listens</span>
  const [first = '', ...others] = workers
  return (
    <span title={workers.join('\n')}>
      <span class="mono">{first}</span>
      {others.length > 0 ? <span class="faint"> +{others.length}</span> : null}
    </span>
  )
}
