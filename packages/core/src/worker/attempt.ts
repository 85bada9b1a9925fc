import type { Clock } from '../contracts/time.ts'
import { reasonOf } from '../errors/control.ts'
import {
  describeError,
  SoftTimeLimitExceeded,
  TaskCrashed,
  TaskRevoked,
  TimeLimitExceeded,
  WorkerStopping,
} from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { decideRetry, type RetryDecision } from '../policy/retry.ts'
import type { ServiceTime } from '../runtime/service-time.ts'
import { checkJson } from '../task/json.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { parseWith, type Schema } from '../task/schema.ts'
import type { RetryPolicy } from '../task/task-policy.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'
import type { RunContext } from './run-context.ts'

/** Runs the handler, here or in a child process, with the app's middleware around it. */
export type Handler = (job: Runnable, input: unknown, context: RunContext) => unknown

/** What a handler needs to know of a job. */
export type Runnable = Pick<Job, 'envelope' | 'queue' | 'task'>

/** Where a run gets its handler: this process at once, or a child process once it is ready. */
export type TakeHandler = () => Handler | Promise<Handler>

/** What is the same for all runs of a worker. */
export interface AttemptSettings {
  readonly clock: Clock
  /** The clock that the sender read, too. */
  readonly time: Pick<ServiceTime, 'now'>
  /** The longest value the backend keeps, as JSON. */
  readonly maxResultBytes: number
  /** Longer values are kept elsewhere. @returns where */
  readonly keepResult?: (job: Job, value: unknown) => Promise<PayloadRef>
  /** So much is kept as part of the record, where longer ones can be kept elsewhere. */
  readonly aboveBytes: number
}

/**
 * One run of one task: parse the input, run, check the value. Whatever is thrown becomes an outcome; never rejects.
 * With a time limit the outcome may come before the handler returns: `context.running` is the handler itself.
 */
export async function attempt(
  settings: AttemptSettings,
  job: Job,
  context: RunContext,
  take: TakeHandler,
): Promise<Outcome> {
  const { clock, time } = settings
  try {
    if (isExpired(job, time)) return { type: 'revoked', reason: 'expired before it was started' }
    const { task } = job
    const parsed = task.input && parseInput(job)
    const input: unknown = parsed instanceof Promise ? await parsed : parsed
    // Limits begin when there is a process to run in: starting one is not the task's time.
    const taken = take()
    const handler = taken instanceof Promise ? await taken : taken
    const { limitMs, softLimitMs } = task.policy
    const limited = limitMs !== undefined || softLimitMs !== undefined
    const value = await (limited
      ? withLimits(clock, job, context, handler, input)
      : handler(job, input, context))
    if (task.output) await checkOutput(job, task.output, value)
    return await toDone(settings, job, value)
  } catch (error) {
    return toFailure(job, context, error)
  }
}

function parseInput({ task, envelope, input }: Job): unknown {
  const { input: schema } = task
  const what = `input of task '${task.name}'`
  if (!schema || !envelope.many) return schema && parseWith(schema, input, what)
  const inputs = Array.isArray(input) ? input : [input]
  return Promise.all(inputs.map((one) => parseWith(schema, one, what)))
}

function isExpired({ envelope: { expiresMs, sentAt } }: Job, time: AttemptSettings['time']): boolean {
  return expiresMs !== undefined && time.now() - sentAt > expiresMs
}

function toDone(
  { maxResultBytes, aboveBytes, keepResult }: AttemptSettings,
  job: Job,
  value: unknown,
): Outcome | Promise<Outcome> {
  if (job.lost) return { type: 'lost' }
  if (value === undefined) return { type: 'done', json: undefined }
  const what = `result of task '${job.task.name}'`
  checkJson(value, what)
  const json = JSON.stringify(value)
  if (keepResult && json.length > aboveBytes && keepsResult(job))
    return keepResult(job, value).then((resultAt) => ({ type: 'done', json, resultAt }))
  if (json.length * 3 > maxResultBytes) checkSize(json, what, maxResultBytes)
  return { type: 'done', json }
}

/** In a workflow the value is kept all the same: what follows may have to be driven from it. */
export function keepsResult({ envelope, task }: Runnable): boolean {
  return envelope.flow !== undefined || !(task.policy.ignoreResult || envelope.ignoreResult)
}

async function checkOutput({ envelope, task }: Job, schema: Schema, value: unknown): Promise<void> {
  const what = `result of task '${task.name}'`
  const values = envelope.many && Array.isArray(value) ? value : [value]
  for (const one of values) await parseWith(schema, one, what)
}

/** A value that cannot be stored must fail the task, not its settling. */
function checkSize(json: string, what: string, limit: number): void {
  const size = Buffer.byteLength(json)
  if (size <= limit) return
  const advice = 'Store it, and return where it is.'
  throw new TqError(
    'PAYLOAD_TOO_LARGE',
    `The ${what} is ${size} bytes; the backend keeps ${limit}. ${advice}`,
    { details: { size, limit } },
  )
}

/** What becomes of a run that threw, or was ended. */
export function toFailure(job: Job, context: RunContext, thrown: unknown): Outcome {
  if (job.lost) return { type: 'lost' }
  const { stopReason } = context
  if (stopReason instanceof WorkerStopping) return { type: 'release' }
  // Its record may say so already, or that of its workflow does.
  if (stopReason instanceof TaskRevoked) return { type: 'revoked', reason: stopReason.message }
  const error = isAbort(thrown) && stopReason ? stopReason : thrown
  if (error instanceof TaskCrashed) return afterCrash(job, error)
  const policy = { ...job.task.policy.retry, maxRetries: context.maxRetries }
  const decision = decide(error, job.envelope.attempt, policy)
  const info = describeError(reasonOf(error))
  if (!decision.retry) return { type: 'dead', error: info, reason: decision.reason }
  return {
    type: 'retry',
    error: info,
    delayMs: decision.delayMs,
    nextAttempt: decision.nextAttempt,
    crashes: job.envelope.crashes ?? 0,
  }
}

/** `retryIf` is the application's: what it throws must not decide over more than its own task. */
function decide(error: unknown, attempt: number, policy: RetryPolicy): RetryDecision {
  try {
    return decideRetry(error, attempt, policy, Math.random())
  } catch (thrown) {
    return { retry: false, reason: `retryIf threw: ${describeError(thrown).message}`.slice(0, 200) }
  }
}

/** A death of the task's own process is counted apart from the errors of its handler. */
function afterCrash(job: Job, error: TaskCrashed): Outcome {
  const crashes = (job.envelope.crashes ?? 0) + 1
  const info = describeError(error)
  if (crashes >= job.task.policy.maxCrashes)
    return { type: 'dead', error: info, reason: `crashed ${crashes} times` }
  return { type: 'retry', error: info, delayMs: 1_000 * crashes, nextAttempt: job.envelope.attempt, crashes }
}

const isAbort = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'AbortError'

/** Soft limit: the signal aborts. Hard limit: it has failed, whatever the handler still does. */
function withLimits(
  clock: Clock,
  job: Job,
  context: RunContext,
  handler: Handler,
  input: unknown,
): Promise<unknown> {
  const { limitMs, softLimitMs } = job.task.policy
  const cancels: (() => void)[] = []
  return new Promise((resolve, reject) => {
    if (softLimitMs !== undefined) {
      cancels.push(clock.setTimer(softLimitMs, () => context.stop(new SoftTimeLimitExceeded(softLimitMs))))
    }
    if (limitMs !== undefined) {
      const exceeded = () => {
        const error = new TimeLimitExceeded(limitMs)
        context.stop(error)
        // Whatever it was told before: now its process ends.
        context.terminate?.()
        reject(error)
      }
      cancels.push(clock.setTimer(limitMs, exceeded))
    }
    const running = Promise.resolve(handler(job, input, context))
    context.running = running
    running.then(resolve, reject)
  }).finally(() => {
    for (const cancel of cancels) cancel()
  })
}
