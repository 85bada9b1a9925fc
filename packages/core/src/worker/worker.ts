import { hostname } from 'node:os'
import type { Settlement } from '../contracts/broker.ts'
import { describeError, type TaskErrorInfo } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { deadQueueOf } from '../options/names.ts'
import type { AppInternals } from '../runtime/app-brand.ts'
import type { TaskEvent } from '../runtime/events.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { dropUnique } from '../runtime/unique-lock.ts'
import type { WorkerInfo } from '../runtime/worker-list.ts'
import { newId } from '../util/ids.ts'
import type { ActiveRun } from './active-run.ts'
import { DeadLetterUpkeep } from './dead-letter-upkeep.ts'
import { Engine } from './engine.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Outcome } from './outcome.ts'
import { checkRequirements, limitations } from './requirements.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** Why a worker stopped, and what it did. */
export interface StopReport {
  readonly reason: 'asked' | 'burst' | 'max-tasks' | 'max-memory'
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  /** Running tasks that did not end in time and were given back. */
  readonly released: number
}

/** Runs tasks: start, stop, and what it tells of itself. One period of work is an `Engine`. */
export class Worker {
  readonly id: string
  readonly options: ResolvedWorkerOptions
  /** Resolves when it has stopped, for whatever reason. */
  readonly stopped: Promise<StopReport>
  readonly #app: AppInternals
  readonly #runtime: Runtime
  readonly #loader: string | undefined
  readonly #stopReceiving = new AbortController()
  readonly #hurry = new AbortController()
  readonly #counts = { succeeded: 0, failed: 0, retried: 0 }
  readonly #startedAt: number
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #engine: Engine | undefined
  #heartbeat: Heartbeat | undefined
  #deadLetters: DeadLetterUpkeep | undefined
  #running: Promise<void> = Promise.resolve()
  #reportStop: (report: StopReport) => void = () => {}
  #idleRounds = 0
  #startedTasks = 0
  readonly #watchMemory: boolean

  /** @param loader A module whose `load(url)` imports task files in child processes. */
  constructor(app: AppInternals, options: ResolvedWorkerOptions, loader?: string) {
    this.#app = app
    this.#runtime = app.runtime
    this.#loader = loader
    this.options = options
    this.#watchMemory = options.maxMemory < Number.MAX_SAFE_INTEGER
    this.id = newId(app.runtime.clock)
    this.#startedAt = app.runtime.clock.now()
    this.stopped = new Promise((resolve) => {
      this.#reportStop = resolve
    })
  }

  /** Connects, runs the app's `startup`, and begins to take tasks. Rejects when that is not possible. */
  async start(): Promise<void> {
    if (this.#state !== 'new')
      throw new TqError('INVALID_OPTION', 'A worker can be started once; create another one.')
    this.#state = 'running'
    const connection = await this.#runtime.connect()
    checkRequirements(this.#runtime, connection, this.options)
    for (const { name } of this.options.queues) {
      await connection.broker.declare({ name })
      await connection.broker.declare({ name: deadQueueOf(name) })
    }
    const engine = new Engine(this.#runtime, connection, this.options, this.#loader, {
      state: await this.#app.startup(),
      started: (run) => this.#onStarted(run),
      settled: (run, outcome, settlement) => this.#onSettled(connection, run, outcome, settlement),
      idle: () => void this.#onIdle(connection),
    })
    this.#engine = engine
    this.#deadLetters = new DeadLetterUpkeep(this.#runtime)
    await engine.open()
    if (connection.backend) {
      this.#heartbeat = new Heartbeat(this.#runtime, connection.backend, engine.active, () => this.describe())
      await this.#heartbeat.start()
    }
    for (const text of limitations(connection)) this.#runtime.logger.warn(text)
    this.#running = engine.run(this.#stopReceiving.signal)
  }

  /**
   * Stops gracefully: no new tasks; running ones finish within the grace period, the rest is given back at once.
   * Asking again means now.
   */
  async stop(options: { readonly grace?: Duration } = {}): Promise<StopReport> {
    if (this.#state === 'stopping') this.#hurry.abort()
    else if (this.#state !== 'stopped') {
      const graceMs =
        options.grace === undefined ? this.options.graceMs : parseDuration(options.grace, 'stop: grace')
      await this.#stop('asked', graceMs)
    }
    return this.stopped
  }

  /** What it is and does now. */
  describe(): WorkerInfo {
    const engine = this.#engine
    return {
      id: this.id,
      name: this.options.name,
      host: hostname(),
      pid: process.pid,
      queues: this.options.queues.map(({ name }) => name),
      tasks: this.#runtime.registry.names(),
      concurrency: this.options.concurrency,
      state: this.#state === 'stopping' ? 'stopping' : 'running',
      startedAt: this.#startedAt,
      updatedAt: this.#runtime.clock.now(),
      active: [...(engine?.active ?? [])].map(({ job, startedAt }) => ({
        id: job.envelope.id,
        name: job.envelope.task,
        startedAt,
      })),
      reserved: engine?.reserved ?? 0,
      ...this.#counts,
    }
  }

  async #stop(reason: StopReport['reason'], graceMs: number): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return
    this.#state = 'stopping'
    // First no new work; then running tasks, their leases kept; the heartbeat and connections last.
    this.#stopReceiving.abort()
    await this.#running
    const released = (await this.#engine?.finish(graceMs, this.#hurry.signal)) ?? 0
    await this.#engine?.close()
    await this.#heartbeat?.stop()
    await this.#deadLetters?.stop()
    if (this.#engine) await this.#app.shutdown()
    this.#state = 'stopped'
    this.#reportStop({ reason, released, ...this.#counts })
  }

  #onStarted({ job }: ActiveRun): void {
    this.#idleRounds = 0
    this.#startedTasks++
    this.#runtime.events.emit('started', () => toEvent(job))
    if (this.#startedTasks >= this.options.maxTasks) void this.#stop('max-tasks', this.options.graceMs)
    else if (
      this.#watchMemory &&
      this.#startedTasks % 16 === 0 &&
      process.memoryUsage.rss() > this.options.maxMemory
    ) {
      void this.#stop('max-memory', this.options.graceMs)
    }
  }

  /** Burst: the queues are empty when they say so, or, where they cannot, when three rounds found nothing. */
  async #onIdle(connection: Connection): Promise<void> {
    if (!this.options.burst || ++this.#idleRounds < 3) return
    const { admin } = connection.broker
    if (admin) {
      const counts = await Promise.all(this.options.queues.map(({ name }) => admin.counts(name)))
      if (counts.some(({ ready }) => ready > 0)) return
    }
    await this.#stop('burst', this.options.graceMs)
  }

  #onSettled(connection: Connection, run: ActiveRun, outcome: Outcome, settlement: Settlement): void {
    const { events } = this.#runtime
    if (settlement === 'lost' || outcome.type === 'lost') {
      events.emit('lost', () => toEvent(run.job))
      return
    }
    this.#releaseUnique(connection, run, outcome, settlement)
    if (settlement === 'stale' || outcome.type === 'drop') {
      events.emit('revoked', () => ({ ...toEvent(run.job), reason: 'revoked while it ran' }))
    } else this.#tell(run, outcome)
  }

  #tell({ job, startedTick }: ActiveRun, outcome: Outcome): void {
    const { events, clock } = this.#runtime
    const runtimeMs = clock.monotonic() - startedTick
    if (outcome.type === 'done') {
      this.#counts.succeeded++
      events.emit('succeeded', () => ({ ...toEvent(job), runtimeMs }))
    } else if (outcome.type === 'retry') {
      const { error, delayMs } = outcome
      this.#counts.retried++
      events.emit('retried', () => ({ ...toEvent(job), error, delayMs, runtimeMs }))
    } else if (outcome.type === 'dead') {
      const { error, reason } = outcome
      this.#counts.failed++
      this.#deadLetters?.added(job.queue)
      if (!events.heard('failed')) this.#logFailure(job, error, reason)
      events.emit('failed', () => ({ ...toEvent(job), error, reason, runtimeMs }))
    } else if (outcome.type === 'revoked') {
      events.emit('revoked', () => ({ ...toEvent(job), reason: outcome.reason }))
    }
  }

  /** A failure that nobody listens for must not pass in silence. */
  #logFailure({ envelope }: ActiveRun['job'], error: TaskErrorInfo, reason: string): void {
    this.#runtime.logger.error(`task '${envelope.task}' failed: ${error.name}: ${error.message}`, {
      id: envelope.id,
      reason,
    })
  }

  #releaseUnique(
    { backend }: Connection,
    { job }: ActiveRun,
    outcome: Outcome,
    settlement: Settlement,
  ): void {
    const { unique, id } = job.envelope
    if (unique === undefined || !backend) return
    const ended = settlement === 'stale' || ['done', 'dead', 'revoked', 'drop'].includes(outcome.type)
    if (!ended) return
    dropUnique(backend, unique, id).catch((error: unknown) =>
      // The next sender finds the holder ended, and takes the key over.
      this.#runtime.logger.warn('a unique key could not be given back', {
        id,
        error: describeError(error).message,
      }),
    )
  }
}

function toEvent({ envelope, queue }: ActiveRun['job']): TaskEvent {
  return { id: envelope.id, name: envelope.task, queue, attempt: envelope.attempt }
}
