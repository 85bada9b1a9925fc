import { useSignal } from '@preact/signals'
import type { Activity } from '../../../../src/wire/overview.ts'
import { duration, rate } from '../../lib/format.ts'
import { sumCourses } from '../../lib/sums.ts'
import { LazyChart } from '../../parts/lazy-chart.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TaskTable } from './task-table.tsx'

interface OfActivity {
  readonly activity: Activity
}

/** How the tasks did: runs, the run time of one of them, and all of them one by one. */
export function TaskPanels({ activity }: OfActivity) {
  const chosen = useSignal<string | undefined>(undefined)
  const { tasks, starts, last } = activity
  if (tasks.length === 0) {
    return (
      <Panel title="Tasks">
        <Empty icon="tasks" title={`No task has ended in the last ${last}.`}>
          Send one: <code>tq call NAME JSON --wait</code>
        </Empty>
      </Panel>
    )
  }
  const shown = tasks.find(({ name }) => name === chosen.value) ?? tasks.find(({ p50 }) => p50.length > 0)
  return (
    <>
      <div class="charts">
        <Runs activity={activity} />
        {shown ? (
          <Panel
            title={
              <>
                Run time of <span class="mono">{shown.name}</span>
              </>
            }
          >
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
          </Panel>
        ) : null}
      </div>
      <Panel title="Tasks">
        <TaskTable tasks={tasks} shown={shown?.name} choose={(name) => (chosen.value = name)} />
      </Panel>
    </>
  )
}

function Runs({ activity: { tasks, starts, stepMs, last } }: OfActivity) {
  const failures = sumCourses(tasks.map((task) => task.failures))
  const runs = sumCourses(tasks.map((task) => task.runs))
  return (
    <Panel title={`Runs ${stepMs < 3_600_000 ? 'per minute' : 'per hour'}`}>
      <LazyChart
        label={`Runs and failures in the last ${last}`}
        times={starts}
        format={rate}
        series={[
          {
            label: 'not failed',
            color: '--chart-ok',
            values: runs.map((all, at) => all - (failures[at] ?? 0)),
            fill: true,
          },
          { label: 'failed', color: '--chart-bad', values: failures, fill: true },
        ]}
      />
    </Panel>
  )
}
