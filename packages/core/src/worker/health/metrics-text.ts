import type { QueueCounts } from '../../contracts/broker.ts'
import { upperBoundOf } from '../../runtime/run-times.ts'
import type { CountedEnd } from '../../runtime/task-counts.ts'
import type { WorkerInfo } from '../../runtime/worker-list.ts'

/** What was counted of one task since the worker started. */
export interface TaskTotals {
  readonly ends: Readonly<Record<CountedEnd, number>>
  readonly runtimeMs: number
  /** How many runs, by bucket of run time. */
  readonly buckets: readonly (number | undefined)[]
}

export interface MetricsSource {
  readonly info: WorkerInfo
  readonly tasks: ReadonlyMap<string, TaskTotals>
  /** Of the worker's queues, where the broker can count. */
  readonly queues: ReadonlyMap<string, QueueCounts>
}

/** Every eighth bound of the histogram: 1 ms, 4 ms, 16 ms, … 17 min. */
const bounds = Array.from({ length: 11 }, (_, step) => step * 8)

/** The Prometheus text format, version 0.0.4. */
export function metricsText({ info, tasks, queues }: MetricsSource): string {
  const page = new Page()
  page.metric('tq_worker_info', 'gauge', 'Always 1; its labels tell what the worker is.', [
    [{ worker: info.name, version: info.versions.tq, node: info.versions.node, broker: info.broker.name }, 1],
  ])
  const gauges: readonly (readonly [string, string, number])[] = [
    ['tq_worker_slots', 'Tasks that may run at once.', info.concurrency],
    ['tq_worker_running_tasks', 'Tasks that run now.', info.running],
    ['tq_worker_reserved_tasks', 'Tasks taken that wait for a slot.', info.reserved],
    ['tq_worker_paused_queues', 'Queues from which nothing is taken now.', info.paused.length],
    [
      'tq_worker_event_loop_lag_seconds',
      'How late timers fire, 99 of 100.',
      info.process.loopLag.p99Ms / 1_000,
    ],
    [
      'tq_worker_event_loop_used_ratio',
      'Part of the time in which the event loop works.',
      info.process.loopUsed,
    ],
    ['tq_worker_resident_memory_bytes', 'Memory of the process.', info.process.memory.rss],
    ['tq_worker_start_time_seconds', 'When it started, since 1970.', info.startedAt / 1_000],
  ]
  for (const [name, help, value] of gauges) page.metric(name, 'gauge', help, [[{}, value]])
  const sorted = [...tasks].sort(([one], [other]) => (one < other ? -1 : 1))
  page.metric(
    'tq_tasks_total',
    'counter',
    'Runs of tasks, by how they ended.',
    sorted.flatMap(([task, { ends }]) =>
      Object.entries(ends).map(([end, count]) => [{ task, end }, count] as const),
    ),
  )
  page.histogram('tq_task_runtime_seconds', 'How long runs took.', sorted)
  for (const [name, help] of [
    ['ready', 'Tasks that wait in the queue.'],
    ['leased', 'Tasks that workers have taken.'],
    ['delayed', 'Tasks that wait for their time.'],
  ] as const) {
    const values = [...queues].flatMap(([queue, { [name]: count }]) =>
      count === undefined ? [] : [[{ queue }, count] as const],
    )
    page.metric(`tq_queue_${name}_tasks`, 'gauge', help, values)
  }
  return page.text
}

type Labels = Readonly<Record<string, string>>

class Page {
  text = ''

  metric(
    name: string,
    type: 'gauge' | 'counter',
    help: string,
    values: readonly (readonly [Labels, number])[],
  ): void {
    if (values.length === 0) return
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const [labels, value] of values) this.#line(name, labels, value)
  }

  histogram(name: string, help: string, tasks: readonly (readonly [string, TaskTotals])[]): void {
    if (tasks.length === 0) return
    this.text += `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`
    for (const [task, { buckets, runtimeMs }] of tasks) {
      let sum = 0
      let next = 0
      for (const bound of bounds) {
        for (; next <= bound; next++) sum += buckets[next] ?? 0
        this.#line(`${name}_bucket`, { task, le: String(upperBoundOf(bound) / 1_000) }, sum)
      }
      for (; next < buckets.length; next++) sum += buckets[next] ?? 0
      this.#line(`${name}_bucket`, { task, le: '+Inf' }, sum)
      this.#line(`${name}_sum`, { task }, runtimeMs / 1_000)
      this.#line(`${name}_count`, { task }, sum)
    }
  }

  #line(name: string, labels: Labels, value: number): void {
    const each = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    this.text += `${name}${each.length > 0 ? `{${each.join(',')}}` : ''} ${value}\n`
  }
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')
}
