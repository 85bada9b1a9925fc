import { TqError } from './tq-error.ts'

/** A task's error as it is kept: text only, so that reading a result never runs or rebuilds anything. */
export interface TaskErrorInfo {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** `result.get()` of a task that ended in FAILURE. `error` is what its last run threw. */
export class TaskFailure extends TqError {
  override readonly name = 'TaskFailure'
  readonly taskId: string
  readonly error: TaskErrorInfo

  constructor(taskId: string, taskName: string, error: TaskErrorInfo) {
    super('TASK_FAILED', `Task ${taskName} (${taskId}) failed: ${error.name}: ${error.message}`, {
      details: { taskId, taskName },
    })
    this.taskId = taskId
    this.error = error
  }
}

/** `result.get()` of a task that was revoked or expired before it ran. */
export class TaskRevoked extends TqError {
  override readonly name = 'TaskRevoked'
  readonly taskId: string

  constructor(taskId: string, reason: string) {
    super('TASK_REVOKED', `Task ${taskId} was revoked: ${reason}`, { details: { taskId } })
    this.taskId = taskId
  }
}

/** `result.get({ timeout })` gave up waiting. The task goes on. */
export class ResultTimeout extends TqError {
  override readonly name = 'ResultTimeout'

  /** @param hint What may be the reason, as a sentence. */
  constructor(taskId: string, timeoutMs: number, hint = '') {
    const message = `No result of task ${taskId} within ${timeoutMs} ms. The task itself goes on. ${hint}`
    super('RESULT_TIMEOUT', message.trimEnd(), { details: { taskId, timeoutMs } })
  }
}

/** The reason of `ctx.signal` when the soft time limit has passed. Clean up and throw, or finish quickly. */
export class SoftTimeLimitExceeded extends TqError {
  override readonly name = 'SoftTimeLimitExceeded'

  constructor(limitMs: number) {
    super('SOFT_TIME_LIMIT_EXCEEDED', `The soft time limit of ${limitMs} ms has passed.`, {
      details: { limitMs },
    })
  }
}

/**
 * The hard time limit has passed, or the longest time that the broker lets a worker hold a task: the task has failed,
 * whatever it still returns.
 */
export class TimeLimitExceeded extends TqError {
  override readonly name = 'TimeLimitExceeded'

  constructor(limitMs: number, message = `The time limit of ${limitMs} ms has passed.`) {
    super('TIME_LIMIT_EXCEEDED', message, { details: { limitMs } })
  }
}

/** The reason of `ctx.signal` when this run no longer owns the task: another worker may run it now. */
export class LeaseLost extends TqError {
  override readonly name = 'LeaseLost'

  constructor() {
    super(
      'LEASE_LOST',
      'This run lost its lease: its result will be refused, another worker may run the task.',
    )
  }
}

/** The reason of `ctx.signal` when the worker stops and the grace period is over. The task is given back. */
export class WorkerStopping extends TqError {
  override readonly name = 'WorkerStopping'

  constructor() {
    super('WORKER_STOPPING', 'The worker stops; the task is given back and runs again elsewhere.')
  }
}

/** The task's own process died: killed, out of memory, or a crash in native code. */
export class TaskCrashed extends TqError {
  override readonly name = 'TaskCrashed'

  constructor(how: string) {
    super('TASK_CRASHED', `The process of the task died: ${how}.`, { details: { how } })
  }
}

const longestStack = 8_192

/** Turns whatever a handler threw into text that can be kept. Never throws. */
export function describeError(thrown: unknown): TaskErrorInfo {
  try {
    if (thrown instanceof Error) {
      const code = (thrown as { code?: unknown }).code
      return {
        name: String(thrown.name),
        message: String(thrown.message).slice(0, longestStack),
        ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
        ...(typeof thrown.stack === 'string' ? { stack: thrown.stack.slice(0, longestStack) } : {}),
      }
    }
    return { name: 'Error', message: `thrown value: ${String(thrown).slice(0, longestStack)}` }
  } catch {
    return { name: 'Error', message: 'the thrown value cannot be shown' }
  }
}
