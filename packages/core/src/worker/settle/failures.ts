import type { TaskErrorInfo } from '../../errors/task-errors.ts'
import type { FailedRun } from '../../task/envelope.ts'
import type { Job } from '../job.ts'
import type { SettleContext } from './context.ts'

/** Failed runs that travel with a task, what they tell cut short. */
const mostFailures = 5
const mostLogLines = 10

/** The failed runs of a task, with the one that ends now. */
export function failuresWith(
  job: Job,
  error: TaskErrorInfo,
  startedAt: number,
  context: SettleContext,
): readonly FailedRun[] {
  const logs = job.context?.lines?.last(mostLogLines)
  const failure: FailedRun = {
    attempt: job.envelope.attempt,
    startedAt,
    endedAt: context.now,
    worker: context.worker,
    error,
    ...(logs ? { logs } : {}),
  }
  return [...(job.envelope.failures ?? []), failure].slice(-mostFailures)
}
