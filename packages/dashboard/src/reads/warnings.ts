import type { QueueRow, Warning, WorkerRow } from '../wire/overview.ts'

const longWaitMs = 5 * 60_000
/** Timers this late mean that a handler blocks the event loop, and with it everything else of that worker. */
const longLagMs = 1_000

/** What an operator should look at, the gravest first. */
export function warningsOf(
  queues: readonly QueueRow[],
  workers: readonly WorkerRow[],
  now: number,
): readonly Warning[] {
  const all = [
    ...nobodyWorks(queues, workers),
    ...queues.flatMap((queue) => ofQueue(queue, workers, now)),
    ...workers.flatMap(ofWorker),
  ]
  return all.sort((one, other) => Number(other.level === 'error') - Number(one.level === 'error'))
}

function nobodyWorks(queues: readonly QueueRow[], workers: readonly WorkerRow[]): readonly Warning[] {
  if (workers.length > 0) return []
  const waiting = queues.reduce((sum, { counts }) => sum + (counts?.ready ?? 0), 0)
  const text = waiting > 0 ? `No worker is alive, and ${tasksWait(waiting)}.` : 'No worker is alive.'
  const fix = 'Start one: tq worker -A <task file>'
  return [{ level: waiting > 0 ? 'error' : 'warning', text, fix, link: 'workers' }]
}

function ofQueue(queue: QueueRow, workers: readonly WorkerRow[], now: number): readonly Warning[] {
  const { name, counts, paused, dead, oldestAt } = queue
  const ready = counts?.ready ?? 0
  const warnings: Warning[] = []
  if (paused) {
    const why = paused.reason ? ` (${paused.reason})` : ''
    const text = `Queue '${name}' is paused by ${paused.by}${why}${ready > 0 ? `; ${tasksWait(ready)}` : ''}.`
    warnings.push({ level: 'warning', text, link: 'queues' })
  } else if (queue.workers.length === 0 && ready > 0 && workers.length > 0) {
    const text = `No worker listens to queue '${name}': ${tasksWait(ready)}.`
    const fix = `Start one: tq worker -A <task file> -Q ${name}`
    warnings.push({ level: 'error', text, fix, link: 'queues' })
  } else if (oldestAt !== null && now - oldestAt > longWaitMs && queue.workers.length > 0) {
    const minutes = Math.floor((now - oldestAt) / 60_000)
    const text = `Tasks of queue '${name}' have been waiting for ${minutes} minutes; ${tasksWait(ready)}.`
    const fix = 'Start another worker, or give one more slots.'
    warnings.push({
      level: 'warning',
      text,
      fix,
      link: `tasks?state=PENDING&queue=${encodeURIComponent(name)}`,
    })
  }
  if (dead !== null && dead > 0) {
    const text = `${dead} dead ${dead === 1 ? 'letter' : 'letters'} of queue '${name}'.`
    warnings.push({ level: 'warning', text, link: `dead?queue=${encodeURIComponent(name)}` })
  }
  return warnings
}

function ofWorker({ name, lagMs }: WorkerRow): readonly Warning[] {
  if (lagMs < longLagMs) return []
  const text = `Worker '${name}': a task blocks its event loop, for up to ${(lagMs / 1_000).toFixed(1)} s.`
  const fix = "Give such tasks a process of their own: isolate: 'process'."
  return [{ level: 'warning', text, fix, link: 'workers' }]
}

function tasksWait(count: number): string {
  return count === 1 ? '1 task waits' : `${count} tasks wait`
}
