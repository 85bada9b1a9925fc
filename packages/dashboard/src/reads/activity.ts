import type { CountsAt, Duration, TaskCounts } from '@tq/core'
import { BadRequest } from '../http/problem.ts'
import type { Activity, TaskStats } from '../wire/overview.ts'
import type { Read } from './read.ts'

/** What can be asked for → what is read. Beyond a day core counts by the hour: enough for a day, and far cheaper. */
const spans: Readonly<Record<string, Duration>> = { '15m': '15m', '1h': '1h', '24h': '25h', '7d': '7d' }
/** Tasks whose course is told; of the others only the sums. */
const mostCourses = 30

/** How each task did: sums, percentiles, and the course of the busiest. */
export const activity: Read = {
  everyMs: 5_000,
  async load({ app }, query): Promise<Activity> {
    const last = query.get('last') ?? '1h'
    const span = Object.hasOwn(spans, last) ? spans[last] : undefined
    if (span === undefined) throw new BadRequest(`last: one of ${Object.keys(spans).join(', ')}.`)
    const [sums, series] = await Promise.all([
      app.inspect.stats({ last: span }),
      app.inspect.series({ last: span }),
    ])
    const [first] = series.points
    const minutes = (Date.now() - (first?.start ?? Date.now())) / 60_000
    // The step that is under way would always look like a drop.
    const courses = series.points.length > 2 ? series.points.slice(0, -1) : series.points
    const busiest = Object.entries(sums).sort(([, one], [, other]) => runsOf(other) - runsOf(one))
    return {
      last,
      stepMs: series.stepMs,
      starts: courses.map(({ start }) => start),
      tasks: busiest.map(([name, counts], index) =>
        toStats(name, counts, index < mostCourses ? courses : [], minutes),
      ),
    }
  },
}

function runsOf({ succeeded, failed, retried }: TaskCounts): number {
  return succeeded + failed + retried
}

function toStats(name: string, counts: TaskCounts, points: readonly CountsAt[], minutes: number): TaskStats {
  const course = points.map(({ tasks }) => (Object.hasOwn(tasks, name) ? tasks[name] : undefined))
  const { succeeded, failed, retried, revoked, p50Ms, p95Ms, p99Ms } = counts
  return {
    name,
    succeeded,
    failed,
    retried,
    revoked,
    perMinute: minutes > 0 ? runsOf(counts) / minutes : 0,
    p50Ms: p50Ms ?? null,
    p95Ms: p95Ms ?? null,
    p99Ms: p99Ms ?? null,
    runs: course.map((at) => (at ? runsOf(at) : 0)),
    failures: course.map((at) => at?.failed ?? 0),
    p50: course.map((at) => at?.p50Ms ?? null),
    p95: course.map((at) => at?.p95Ms ?? null),
    p99: course.map((at) => at?.p99Ms ?? null),
  }
}
