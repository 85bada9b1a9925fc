import type { ComponentChildren } from 'preact'
import type { Activity, Overview } from '../../../../src/wire/overview.ts'
import { count, distance, percent, rate } from '../../lib/format.ts'
import { isLate } from '../../lib/late.ts'
import { now } from '../../lib/now.ts'
import { href, pageWith } from '../../lib/root.ts'
import { sumCourses, sumOf } from '../../lib/sums.ts'
import { Meter, Spark } from '../../parts/spark.tsx'

interface TilesProps {
  readonly overview: Overview
  /** Undefined while it loads. */
  readonly activity: Activity | undefined
}

/** The six numbers that say whether all is well. Each leads to what is behind it. */
export function Tiles({ overview: { queues, workers }, activity }: TilesProps) {
  const tasks = activity?.tasks ?? []
  const failed = sumOf(tasks, (task) => task.failed)
  const ended = failed + sumOf(tasks, (task) => task.succeeded)
  const running = sumOf(workers, (worker) => worker.running)
  const slots = sumOf(workers, (worker) => worker.concurrency)
  return (
    <section class="tiles" aria-label="Now">
      <Tile
        name="Throughput"
        page={pageWith('tasks', { last: activity?.last })}
        value={rate(sumOf(tasks, (task) => task.perMinute))}
        note="/min"
      >
        <Spark values={sumCourses(tasks.map((task) => task.runs))} tone="accent" label="Runs over time" />
      </Tile>
      <Tile
        name="Failed"
        page="tasks?state=FAILURE"
        value={count(failed)}
        tone={failed > 0 ? 'bad' : ''}
        note={percent(failed, ended)}
      >
        <Spark
          values={sumCourses(tasks.map((task) => task.failures))}
          tone="bad"
          label="Failures over time"
        />
      </Tile>
      <Tile
        name="Running"
        page="tasks?state=STARTED"
        value={count(running)}
        note={`of ${count(slots)} slots`}
      >
        <Meter
          value={running}
          most={slots}
          label={`${running} of ${slots} slots`}
          tone={running >= slots && slots > 0 ? 'warn' : 'accent'}
        />
      </Tile>
      <Waiting queues={queues} />
      <OldestWaiting queues={queues} />
      <Tile
        name="Workers"
        page="workers"
        value={count(workers.length)}
        tone={workers.length === 0 ? 'bad' : ''}
        note={`${rate(sumOf(workers, (worker) => worker.perSecond))}/s now`}
      />
    </section>
  )
}

interface OfQueues {
  readonly queues: Overview['queues']
}

function Waiting({ queues }: OfQueues) {
  const known = queues.some(({ counts }) => counts !== null)
  const ready = sumOf(queues, ({ counts }) => counts?.ready ?? 0)
  const delayed = sumOf(queues, ({ counts }) => counts?.delayed ?? 0)
  const note = delayed > 0 ? `+ ${count(delayed)} delayed` : 'ready to run'
  return (
    <Tile
      name="Waiting"
      page="tasks?state=PENDING"
      value={known ? count(ready) : '–'}
      note={known ? note : 'not counted by the broker'}
    />
  )
}

function OldestWaiting({ queues }: OfQueues) {
  const oldest = queues.reduce<OfQueues['queues'][number] | undefined>(
    (first, queue) =>
      (queue.oldestAt ?? Number.POSITIVE_INFINITY) < (first?.oldestAt ?? Number.POSITIVE_INFINITY)
        ? queue
        : first,
    undefined,
  )
  const since = oldest?.oldestAt ?? undefined
  const isWaiting = queues.some(({ counts }) => counts !== null && counts.ready > 0)
  return (
    <Tile
      name="Oldest waiting"
      page={pageWith('tasks', { state: 'PENDING', queue: oldest?.name, order: 'earliest' })}
      value={since === undefined ? '–' : distance(now.value - since)}
      tone={isLate(since) ? 'warn' : ''}
      note={oldest?.name ?? (isWaiting ? 'not known yet' : 'nothing waits')}
    />
  )
}

function Tile({
  name,
  page,
  value,
  note,
  tone = '',
  children,
}: {
  readonly name: string
  readonly page: string
  readonly value: string
  readonly note: string
  readonly tone?: 'bad' | 'warn' | ''
  readonly children?: ComponentChildren
}) {
  return (
    <a class="tile" href={href(page)}>
      <span class="tile-name">{name}</span>
      <span class={`tile-value ${tone}`.trim()}>
        {value}
        <small>{note}</small>
      </span>
      {children}
    </a>
  )
}
