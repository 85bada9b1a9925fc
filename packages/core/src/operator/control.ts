import type { Backend } from '../contracts/backend.ts'
import type { Priority } from '../contracts/broker.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Duration } from '../options/duration.ts'
import { checkQueueName, checkTaskName, deadQueueOf } from '../options/names.ts'
import { thisUser } from '../runtime/audit.ts'
import type { DeadLetters } from '../runtime/dead-letters.ts'
import { Mailbox, type Verb, type WorkerAnswer } from '../runtime/mailbox.ts'
import { delayOf } from '../runtime/outgoing.ts'
import { pauseQueue, resumeQueue } from '../runtime/paused-queues.ts'
import { putRate } from '../runtime/rate-overrides.ts'
import { runAgain } from '../runtime/run-again.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import { type RateLimit, resolveRate } from '../task/limits.ts'
import type { AsyncResult, SendOptions } from '../task/task.ts'
import { checkPriority } from '../task/task-policy.ts'
import { type BulkProgress, bulk } from './bulk.ts'
import { failedTasksOf } from './failed-tasks.ts'
import type { History, TaskFilter } from './history.ts'
import type { Asked } from './inspect.ts'
import { changeQueued, type QueuedChange } from './queued-tasks.ts'
import type { TaskSummary } from './task-summary.ts'
import { type Acting, Trail } from './trail.ts'

/** What control needs of its app. */
interface ControlHost extends Runtime {
  readonly deadLetters: DeadLetters
  readonly history: History
  result(id: string): AsyncResult
}

/** Steers queues, tasks and workers. What it does is kept in the audit log (`inspect.audit()`). Needs a backend. */
export class Control {
  readonly #app: ControlHost
  readonly #trail: Trail

  constructor(app: ControlHost) {
    this.#app = app
    this.#trail = new Trail(app)
  }

  /**
   * No worker takes tasks from the queue until it is resumed, also one that starts later. Running tasks go on, sending
   * is accepted. Resolves when every live worker has stopped taking, or did not answer within its heartbeat.
   */
  async pause(
    queue: string,
    options: Acting & { readonly reason?: string } = {},
  ): Promise<readonly WorkerAnswer<undefined>[]> {
    const backend = await this.#backend('pausing a queue')
    const { by = thisUser(), reason } = options
    const since = this.#app.clock.now()
    await pauseQueue(backend.state, {
      queue: checkQueueName(queue),
      since,
      by,
      ...(reason === undefined ? {} : { reason }),
    })
    await this.#trail.note(options, 'pause', queue, reason)
    return this.#mailbox(backend).ask('look', undefined)
  }

  /** Returns whether it was paused. */
  async resume(queue: string, options: Acting = {}): Promise<boolean> {
    const backend = await this.#backend('resuming a queue')
    const paused = await resumeQueue(backend.state, checkQueueName(queue))
    await this.#trail.note(options, 'resume', queue, paused ? undefined : 'was not paused')
    if (paused) await this.#mailbox(backend).ask('look', undefined)
    return paused
  }

  /** As `result.revoke()`. Returns false when it had ended. @throws TqError `UNKNOWN_RESULT` */
  async revoke(
    id: string,
    options: Acting & { readonly terminate?: boolean; readonly reason?: string } = {},
  ): Promise<boolean> {
    const { by = thisUser(), terminate, reason = `by ${by}` } = options
    await this.#backend('revoking a task')
    const revoked = await this.#app.result(id).revoke({ ...(terminate ? { terminate } : {}), reason })
    await this.#trail.note(options, terminate ? 'terminate' : 'revoke', id, revoked ? undefined : 'had ended')
    return revoked
  }

  /**
   * A task that waits for its time or its backoff may run at once. Where the broker can reach into a queue: on the
   * others revoke it and send it anew.
   *
   * @param options.queue where it waits, for a task of which no record tells
   * @throws TqError `CAPABILITY_MISSING`, `UNKNOWN_RESULT`, or `NOT_QUEUED` when it runs, has ended, or waits elsewhere
   */
  promote(id: string, options: Acting & { readonly queue?: string } = {}): Promise<void> {
    return this.#change(id, options, { delayMs: 0 }, 'promote')
  }

  /**
   * A task that waits runs at another time, also one that was ready.
   *
   * @example await app.control.reschedule(id, { countdown: '2h' })
   * @throws as `promote`; also `INVALID_OPTION`, `INVALID_DURATION`
   */
  async reschedule(
    id: string,
    when: Pick<SendOptions, 'countdown' | 'eta'>,
    options: Acting & { readonly queue?: string } = {},
  ): Promise<void> {
    const delayMs = delayOf(when, this.#app.clock.now(), `task ${id}`)
    await this.#change(id, options, { delayMs }, 'reschedule', `in ${Math.round(delayMs / 1_000)} s`)
  }

  /**
   * A task that waits has another priority, 0 (last) to 9 (first); its retries keep it.
   *
   * @throws as `promote`; also `INVALID_OPTION`
   */
  async setPriority(
    id: string,
    priority: Priority,
    options: Acting & { readonly queue?: string } = {},
  ): Promise<void> {
    const checked = checkPriority(priority, `task ${id}`)
    await this.#change(id, options, { priority: checked }, 'priority', String(checked))
  }

  async #change(
    id: string,
    options: Acting & { readonly queue?: string },
    change: QueuedChange,
    action: string,
    outcome?: string,
  ): Promise<void> {
    const { queue } = options
    const named = queue === undefined ? {} : { queue: checkQueueName(queue) }
    await changeQueued(await this.#app.connect(), id, { ...change, ...named })
    await this.#trail.note(options, action, id, outcome)
  }

  /**
   * Runs a task that ended in FAILURE once more, as a fresh one of the same id, one generation higher; a failed workflow
   * that it is part of goes on from there. Of a failed workflow: all of its tasks that failed.
   *
   * @throws TqError `UNKNOWN_RESULT`, or `INVALID_OPTION` when it has not failed, or is part of a workflow that has not yet
   */
  async retry(id: string, options: Acting = {}): Promise<void> {
    const backend = await this.#backend('running a task again')
    const connection = await this.#app.connect()
    const [record] = await backend.results.get([id])
    const isFailedWorkflow = record?.queue === '' && record.state === 'FAILURE'
    const ids = isFailedWorkflow ? await failedTasksOf(this.#app.history, id) : [id]
    for (const one of ids) await runAgain(this.#app, connection, backend, one)
    await this.#trail.note(options, 'retry', id, isFailedWorkflow ? `${ids.length} tasks` : undefined)
  }

  /**
   * Revokes all tasks that a filter matches; tells after every 200 how far it is. Needs a backend that lists tasks.
   *
   * @example for await (const { done } of app.control.revokeAll({ name: 'mail.send', state: 'PENDING' })) show(done)
   */
  revokeAll(
    filter: TaskFilter,
    options: Acting & {
      readonly terminate?: boolean
      readonly reason?: string
      readonly signal?: AbortSignal
    } = {},
  ): AsyncGenerator<BulkProgress, BulkProgress> {
    const { by = thisUser(), terminate, reason = `by ${by}` } = options
    const states = filter.state === undefined ? (['PENDING', 'RETRY', 'STARTED'] as const) : filter.state
    return this.#bulk('revoke', { ...filter, state: states }, options, ({ id }) =>
      this.#app.result(id).revoke({ ...(terminate ? { terminate } : {}), reason }),
    )
  }

  /** Runs all failed tasks that a filter matches once more; tells after every 200 how far it is. */
  retryAll(
    filter: Omit<TaskFilter, 'state'>,
    options: Acting & { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<BulkProgress, BulkProgress> {
    return this.#bulk('retry', { ...filter, state: 'FAILURE' }, options, async ({ id }) => {
      await runAgain(this.#app, await this.#app.connect(), await this.#backend('running tasks again'), id)
      return true
    })
  }

  async *#bulk(
    action: string,
    filter: TaskFilter,
    options: Acting & { readonly signal?: AbortSignal },
    act: (task: TaskSummary) => Promise<boolean>,
  ): AsyncGenerator<BulkProgress, BulkProgress> {
    await this.#backend(`'${action}' of many tasks`)
    let last: BulkProgress = { done: 0, succeeded: 0, refused: {} }
    try {
      for await (const progress of bulk(this.#app.history, filter, act, options.signal)) {
        last = progress
        yield progress
      }
    } finally {
      // Also when whoever asked has gone: what was done was done.
      await this.#trail.note(
        options,
        `${action} all`,
        JSON.stringify(filter),
        `${last.succeeded} of ${last.done}`,
      )
    }
    return last
  }

  /** Deletes all waiting tasks of a queue; running ones go on. Returns how many. */
  async purge(queue: string, options: Acting = {}): Promise<number> {
    const { broker } = await this.#app.connect()
    const { admin } = broker
    if (!admin) throw new TqError('CAPABILITY_MISSING', `${broker.name} does not offer purging.`)
    await broker.declare({ name: checkQueueName(queue) })
    const purged = await admin.purge(queue)
    await this.#trail.note(options, 'purge', queue, `${purged} deleted`)
    return purged
  }

  /** Sends dead letters of a queue back to it. Returns how many. */
  async retryDead(
    queue: string,
    options: Acting & { readonly ids?: readonly string[] } = {},
  ): Promise<number> {
    const { ids } = options
    const retried = await this.#app.deadLetters.retry(checkQueueName(queue), ids ? { ids } : {})
    await this.#trail.note(options, 'retry dead letters', deadQueueOf(queue), `${retried} retried`)
    return retried
  }

  /** Deletes dead letters of a queue. Returns how many. */
  async dropDead(
    queue: string,
    options: Acting & { readonly ids?: readonly string[] } = {},
  ): Promise<number> {
    const { ids } = options
    const dropped = await this.#app.deadLetters.drop(checkQueueName(queue), ids ? { ids } : {})
    await this.#trail.note(options, 'drop dead letters', deadQueueOf(queue), `${dropped} dropped`)
    return dropped
  }

  /** Gives workers so many slots, each. Lasts until they end. */
  concurrency(slots: number, options: Asked & Acting = {}): Promise<readonly WorkerAnswer<undefined>[]> {
    return this.#command('concurrency', options, { concurrency: slots }, String(slots))
  }

  /** Workers take tasks from this queue, too (`name` or `name:weight`). Lasts until they end. */
  addConsumer(queue: string, options: Asked & Acting = {}): Promise<readonly WorkerAnswer<undefined>[]> {
    checkQueueName(queue.split(':')[0] ?? '')
    return this.#command('add-consumer', options, { queue }, queue)
  }

  /** Workers take no more tasks from this queue; what runs goes on. Lasts until they end. */
  cancelConsumer(queue: string, options: Asked & Acting = {}): Promise<readonly WorkerAnswer<undefined>[]> {
    return this.#command('cancel-consumer', options, { queue: checkQueueName(queue) }, queue)
  }

  /**
   * Another rate for a task that has a `rateLimit`, such as `'10/m'`, for all workers until it is changed again; undefined
   * means the one of its definition. @throws TqError `INVALID_OPTION`
   */
  async rateLimit(
    task: string,
    limit: string | undefined,
    options: Acting = {},
  ): Promise<readonly WorkerAnswer<undefined>[]> {
    const { state } = await this.#backend('changing a rate limit')
    const name = checkTaskName(task)
    if (limit !== undefined) resolveRate(limit as RateLimit<never>, name, `task '${name}'`)
    await putRate(state, name, limit)
    return this.#command('rate-limit', options, { task: name }, `${name} ${limit ?? 'as defined'}`)
  }

  /** Workers stop as by SIGTERM: running tasks finish within the grace period, the rest is given back. */
  shutdown(
    options: Asked & Acting & { readonly grace?: Duration } = {},
  ): Promise<readonly WorkerAnswer<undefined>[]> {
    const { grace } = options
    return this.#command('shutdown', options, grace === undefined ? {} : { grace }, 'stop')
  }

  /** For tools that do more than this class can: an entry of theirs in the audit log, where there is one. */
  async note(
    action: string,
    target: string,
    options: Acting & { readonly outcome?: string } = {},
  ): Promise<void> {
    await this.#trail.note(options, action, target, options.outcome)
  }

  async #command(
    verb: Verb,
    options: Asked & Acting,
    withWhat: Readonly<Record<string, unknown>>,
    what: string,
  ): Promise<readonly WorkerAnswer<undefined>[]> {
    const backend = await this.#backend(`'${verb}'`)
    const answers = await this.#mailbox(backend).ask<undefined>(verb, options.to, withWhat)
    const refused = answers.filter(({ error }) => error !== undefined).length
    const outcome = `${answers.length - refused} of ${answers.length} workers did`
    await this.#trail.note(options, `${verb} ${what}`, options.to?.join(', ') ?? 'all workers', outcome)
    return answers
  }

  #mailbox(backend: Backend): Mailbox {
    return new Mailbox(backend, this.#app.clock)
  }

  async #backend(feature: string): Promise<Backend> {
    return needBackend(await this.#app.connect(), feature)
  }
}
