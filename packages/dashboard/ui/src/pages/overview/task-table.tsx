import type { TaskStats } from '../../../../src/wire/overview.ts'
import { count, duration, percent, rate } from '../../lib/format.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Spark } from '../../parts/spark.tsx'
import { type Column, DataTable } from '../../parts/table.tsx'

const columns: readonly Column<TaskStats>[] = [
  {
    name: 'Task',
    kind: 'row',
    cell: ({ name }) => (
      <a class="mono" href={href(pageWith('tasks', { name }))}>
        {name}
      </a>
    ),
  },
  {
    name: 'Course',
    kind: 'wide',
    cell: ({ name, runs }) => <Spark values={runs} tone="accent" label={`Runs of ${name} over time`} />,
  },
  { name: 'Per minute', kind: 'number', cell: ({ perMinute }) => rate(perMinute) },
  { name: 'Succeeded', kind: 'number', cell: ({ succeeded }) => count(succeeded) },
  {
    name: 'Failed',
    kind: 'number',
    tone: ({ failed }) => (failed > 0 ? 'bad' : 'faint'),
    cell: ({ name, failed, succeeded }) =>
      failed > 0 ? (
        <a href={href(pageWith('tasks', { name, state: 'FAILURE' }))}>
          {count(failed)} · {percent(failed, succeeded + failed)}
        </a>
      ) : (
        0
      ),
  },
  {
    name: 'Retried',
    kind: 'number',
    tone: ({ retried }) => (retried > 0 ? 'warn' : 'faint'),
    cell: ({ retried }) => count(retried),
  },
  ...(['p50', 'p95', 'p99'] as const).map(
    (name): Column<TaskStats> => ({ name, kind: 'number', cell: (task) => time(task[`${name}Ms`]) }),
  ),
]

interface TaskTableProps {
  readonly tasks: readonly TaskStats[]
  /** The one whose run time is charted. */
  readonly shown: string | undefined
  readonly choose: (name: string) => void
}

/** How each task did. */
export function TaskTable({ tasks, shown, choose }: TaskTableProps) {
  const chart: Column<TaskStats> = {
    name: 'Chart',
    unseen: true,
    kind: 'number',
    cell: ({ name }) => (
      <button
        type="button"
        class="button quiet small"
        aria-pressed={name === shown}
        aria-label={`Chart the run time of ${name}`}
        onClick={() => choose(name)}
      >
        Chart
      </button>
    ),
  }
  return (
    <DataTable
      dense
      columns={[...columns, chart]}
      rows={tasks}
      keyOf={({ name }) => name}
      isChosen={({ name }) => name === shown}
    />
  )
}

function time(ms: number | null): string {
  return ms === null ? '–' : duration(ms)
}
