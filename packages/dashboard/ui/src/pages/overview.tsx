import { useSignal } from '@preact/signals'
import type { Activity, Overview, TaskStats, Warning } from '../../../src/wire/overview.ts'
import { useLive } from '../data/live.ts'
import { count, distance, duration, percent, rate } from '../lib/format.ts'
import { now } from '../lib/now.ts'
import { href, pageWith } from '../lib/root.ts'
import { Icon } from '../parts/icon.tsx'
import { LazyChart } from '../parts/lazy-chart.tsx'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { QueueTable } from '../parts/queue-table.tsx'
import { Meter, Spark } from '../parts/spark.tsx'

const spans = ['15m', '1h', '24h', '7d'] as const

export function OverviewPage() {
  const last = useSignal<(typeof spans)[number]>('1h')
  const { data: overview, problem } = useLive<Overview>('overview')
  const { data: activity, problem: activityProblem } = useLive<Activity>(`activity?last=${last.value}`)
  return (
    <div class="page">
      <PageHead title="Overview" problem={problem ?? activityProblem} stale={overview !== undefined}>
        <fieldset class="segments">
          <legend class="offscreen">Time span</legend>
          {spans.map((span) => (
            <button
              key={span}
              type="button"
              aria-pressed={last.value === span}
              onClick={() => {
                last.value = span
              }}
            >
              {span}
            </button>
          ))}
        </fieldset>
      </PageHead>
      {overview ? <Warnings warnings={overview.warnings} /> : null}
      {overview ? <Tiles overview={overview} activity={activity} /> : problem ? null : <Loading />}
      {activity ? <TaskPanels activity={activity} /> : null}
      {overview ? (
        <section class="panel">
          <h2>Queues</h2>
          <QueueTable queues={overview.queues} />
        </section>
      ) : null}
    </div>
  )
}

function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null
  return (
    <section class="warnings" aria-label="What needs attention" aria-live="polite">
      {warnings.map(({ level, text, fix, link }) => (
        <div key={text} class={`warning-line ${level}`}>
          <Icon name="warning" />
          <span>
            {text}
            {fix ? <span class="fix"> {fix}</span> : null}
          </span>
          {link === undefined ? null : (
            <a href={href(link)} aria-label={`Show: ${text}`}>
              Show
            </a>
          )}
        </div>
      ))}
    </section>
  )
}

function Tiles({
  overview,
  activity,
}: {
  readonly overview: Overview
  readonly activity: Activity | undefined
}) {
  const { queues, workers } = overview
  const tasks = activity?.tasks ?? []
  const runs = sumCourses(tasks.map((task) => task.runs))
  const failures = sumCourses(tasks.map((task) => task.failures))
  const ended = tasks.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0)
  const failed = tasks.reduce((sum, task) => sum + task.failed, 0)
  const perMinute = tasks.reduce((sum, task) => sum + task.perMinute, 0)
  const running = workers.reduce((sum, worker) => sum + worker.running, 0)
  const slots = workers.reduce((sum, worker) => sum + worker.concurrency, 0)
  const ready = queues.reduce((sum, { counts }) => sum + (counts?.ready ?? 0), 0)
  const delayed = queues.reduce((sum, { counts }) => sum + (counts?.delayed ?? 0), 0)
  const known = queues.some(({ counts }) => counts !== null)
  const oldest = queues.reduce<number | undefined>(
    (least, { oldestAt }) => (oldestAt === null ? least : Math.min(least ?? oldestAt, oldestAt)),
    undefined,
  )
  const oldestQueue = queues.find(({ oldestAt }) => oldestAt !== null && oldestAt === oldest)
  return (
    <section class="tiles" aria-label="Now">
      <a class="tile" href={href(pageWith('tasks', { last: activity?.last }))}>
        <span class="tile-name">Throughput</span>
        <span class="tile-value">
          {rate(perMinute)}
          <small>/min</small>
        </span>
        <Spark values={runs} tone="accent" label="Runs over time" />
      </a>
      <a class="tile" href={href('tasks?state=FAILURE')}>
        <span class="tile-name">Failed</span>
        <span class={failed > 0 ? 'tile-value bad' : 'tile-value'}>
          {count(failed)}
          <small>{percent(failed, ended)}</small>
        </span>
        <Spark values={failures} tone="bad" label="Failures over time" />
      </a>
      <a class="tile" href={href('tasks?state=STARTED')}>
        <span class="tile-name">Running</span>
        <span class="tile-value">
          {count(running)}
          <small>of {count(slots)} slots</small>
        </span>
        <Meter
          value={running}
          most={slots}
          label={`${running} of ${slots} slots`}
          tone={running >= slots && slots > 0 ? 'warn' : 'accent'}
        />
      </a>
      <a class="tile" href={href('tasks?state=PENDING')}>
        <span class="tile-name">Waiting</span>
        <span class="tile-value">
          {known ? count(ready) : '–'}
          <small>
            {known
              ? delayed > 0
                ? `+ ${count(delayed)} delayed`
                : 'ready to run'
              : 'not counted by the broker'}
          </small>
        </span>
      </a>
      <a
        class="tile"
        href={href(pageWith('tasks', { state: 'PENDING', queue: oldestQueue?.name, order: 'earliest' }))}
      >
        <span class="tile-name">Oldest waiting</span>
        <span class={oldest !== undefined && now.value - oldest > 300_000 ? 'tile-value warn' : 'tile-value'}>
          {oldest === undefined ? '–' : distance(now.value - oldest)}
          <small>{oldestQueue ? oldestQueue.name : ready > 0 ? 'not known yet' : 'nothing waits'}</small>
        </span>
      </a>
      <a class="tile" href={href('workers')}>
        <span class="tile-name">Workers</span>
        <span class={workers.length === 0 ? 'tile-value bad' : 'tile-value'}>
          {count(workers.length)}
          <small>{rate(workers.reduce((sum, worker) => sum + worker.perSecond, 0))}/s now</small>
        </span>
      </a>
    </section>
  )
}

function TaskPanels({ activity }: { readonly activity: Activity }) {
  const chosen = useSignal<string | undefined>(undefined)
  const { tasks, starts, last } = activity
  if (tasks.length === 0) {
    return (
      <section class="panel">
        <h2>Tasks</h2>
        <Empty icon="tasks" title={`No task has ended in the last ${last}.`}>
          Send one: <code>tq call NAME JSON --wait</code>
        </Empty>
      </section>
    )
  }
  const shown = tasks.find(({ name }) => name === chosen.value) ?? tasks.find(({ p50 }) => p50.length > 0)
  const failures = sumCourses(tasks.map((task) => task.failures))
  const succeeded = sumCourses(tasks.map((task) => task.runs)).map((runs, at) => runs - (failures[at] ?? 0))
  return (
    <>
      <div class="charts">
        <section class="panel">
          <h2>Runs {activity.stepMs < 3_600_000 ? 'per minute' : 'per hour'}</h2>
          <LazyChart
            label={`Runs and failures in the last ${last}`}
            times={starts}
            format={rate}
            series={[
              { label: 'not failed', color: '--chart-ok', values: succeeded, fill: true },
              { label: 'failed', color: '--chart-bad', values: failures, fill: true },
            ]}
          />
        </section>
        {shown ? (
          <section class="panel">
            <h2>
              Run time of <span class="mono">{shown.name}</span>
            </h2>
            <LazyChart
              label={`Percentiles of the run time of ${shown.name}`}
              times={starts}
              format={duration}
              series={[
                { label: 'p99', color: '--chart-3', values: shown.p99 },
                { label: 'p95', color: '--chart-2', values: shown.p95 },
                { label: 'p50', color: '--chart-1', values: shown.p50 },
              ]}
            />
          </section>
        ) : null}
      </div>
      <section class="panel">
        <h2>Tasks</h2>
        <TaskTable tasks={tasks} shown={shown?.name} choose={(name) => (chosen.value = name)} />
      </section>
    </>
  )
}

function TaskTable({
  tasks,
  shown,
  choose,
}: {
  readonly tasks: readonly TaskStats[]
  readonly shown: string | undefined
  readonly choose: (name: string) => void
}) {
  return (
    <div class="table-box">
      <table class="table cards dense">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col" class="wide">
              Course
            </th>
            <th scope="col" class="num">
              Per minute
            </th>
            <th scope="col" class="num">
              Succeeded
            </th>
            <th scope="col" class="num">
              Failed
            </th>
            <th scope="col" class="num">
              Retried
            </th>
            <th scope="col" class="num">
              p50
            </th>
            <th scope="col" class="num">
              p95
            </th>
            <th scope="col" class="num">
              p99
            </th>
            <th scope="col">
              <span class="offscreen">Chart</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => {
            const { name, succeeded, failed, retried, perMinute, p50Ms, p95Ms, p99Ms, runs } = task
            return (
              <tr key={name} class={name === shown ? 'chosen' : ''}>
                <th scope="row">
                  <a class="mono" href={href(pageWith('tasks', { name }))}>
                    {name}
                  </a>
                </th>
                <td class="wide" data-label="Course">
                  <Spark values={runs} tone="accent" label={`Runs of ${name} over time`} />
                </td>
                <td class="num" data-label="Per minute">
                  {rate(perMinute)}
                </td>
                <td class="num" data-label="Succeeded">
                  {count(succeeded)}
                </td>
                <td class={failed > 0 ? 'num bad' : 'num faint'} data-label="Failed">
                  {failed > 0 ? (
                    <a href={href(pageWith('tasks', { name, state: 'FAILURE' }))}>
                      {count(failed)} · {percent(failed, succeeded + failed)}
                    </a>
                  ) : (
                    0
                  )}
                </td>
                <td class={retried > 0 ? 'num warn' : 'num faint'} data-label="Retried">
                  {count(retried)}
                </td>
                <td class="num" data-label="p50">
                  {time(p50Ms)}
                </td>
                <td class="num" data-label="p95">
                  {time(p95Ms)}
                </td>
                <td class="num" data-label="p99">
                  {time(p99Ms)}
                </td>
                <td class="num">
                  <button
                    type="button"
                    class="button quiet small"
                    aria-pressed={name === shown}
                    aria-label={`Chart the run time of ${name}`}
                    onClick={() => choose(name)}
                  >
                    Chart
                  </button>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function time(ms: number | null): string {
  return ms === null ? '–' : duration(ms)
}

function sumCourses(courses: readonly (readonly number[])[]): number[] {
  const sums: number[] = []
  for (const course of courses) for (const [at, value] of course.entries()) sums[at] = (sums[at] ?? 0) + value
  return sums
}
