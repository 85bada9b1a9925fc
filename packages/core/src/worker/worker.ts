import { hostname } from 'node:os'
import type { Backend } from '../contracts/backend.ts'
import type { Settlement } from '../contracts/broker.ts'
import { isTerminal } from '../contracts/record.ts'
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
import { DeadLetterUpkeep } from './dead-letter-upkeep.ts'
import { DelayAttendant } from './delay-attendant.ts'
import { Engine } from './engine.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Job } from './job.ts'
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

/** What starts and stops with a worker. */
export interface Companion {
  start(): Promise<void>
  stop(): Promise<void>
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
  readonly #companion: Companion | undefined
  readonly #watchMemory: boolean
  readonly #stopReceiving = new AbortController()
  readonly #hurry = new AbortController()
  readonly #counts = { succeeded: 0, failed: 0, retried: 0 }
  readonly #startedAt: number
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #starting: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #askedToStop = false
  #usesApp = false
  #engine: Engine | undefined
  #heartbeat: Heartbeat | undefined
  #deadLetters: DeadLetterUpkeep | undefined
  #delays: DelayAttendant | undefined
  #running: Promise<void> = Promise.resolve()
  #reportStop: (report: StopReport) => void = () => {}
  #idleRounds = 0
  #startedTasks = 0

  /** @param loader A module whose `load(url)` imports task files in child processes. */
  constructor(app: AppInternals, options: ResolvedWorkerOptions, loader?: string, companion?: Companion) {
    this.#app = app
    this.#runtime = app.runtime
    this.#loader = loader
    this.#companion = companion
    this.options = options
    this.#watchMemory = options.maxMemory < Number.MAX_SAFE_INTEGER
    this.id = newId(app.runtime.clock)
    this.#startedAt = app.runtime.clock.now()
    this.stopped = new Promise((resolve) => {
      this.#reportStop = resolve
    })
  }

  /** Connects, runs the app's `startup`, and begins to take tasks. Rejects, with everything undone, when that is not possible. */
  async start(): Promise<void> {
    if (this.#state !== 'new')
      throw new TqError('INVALID_OPTION', 'A worker can be started once; create another one.')
    this.#state = 'running'
    this.#starting = this.#start()
    try {
      await this.#starting
    } catch (error) {
      await this.#stop('asked', 0)
      throw error
    }
  }

  /**
   * Stops gracefully: no new tasks; running ones finish within the grace period, the rest is given back at once.
   * Asking again means now.
   */
  async stop(options: { readonly grace?: Duration } = {}): Promise<StopReport> {
    const graceMs =
      options.grace === undefined ? this.options.graceMs : parseDuration(options.grace, 'stop: grace')
    // A worker may be stopping by itself: only somebody who asks again is in a hurry.
    if (this.#askedToStop) this.#hurry.abort()
    this.#askedToStop = true
    await this.#stop('asked', graceMs)
    return await this.stopped
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

  async #start(): Promise<void> {
    const connection = await this.#runtime.connect()
    checkRequirements(this.#runtime, connection, this.options)
    for (const { name } of this.options.queues) {
      await connection.broker.declare({ name })
      await connection.broker.declare({ name: deadQueueOf(name) })
    }
    this.#usesApp = true
    const state = await this.#app.startup()
    // Asked to stop meanwhile: nothing is opened that would have to be closed again.
    if (this.#state !== 'running') return
    const engine = new Engine(this.#runtime, connection, this.options, this.#loader, {
      state,
      started: (run) => this.#onStarted(run.job),
      settled: (job, outcome, settlement, runtimeMs) =>
        this.#onSettled(connection, job, outcome, settlement, runtimeMs),
      idle: () => void this.#onIdle(connection),
    })
    this.#engine = engine
    this.#deadLetters = new DeadLetterUpkeep(this.#runtime)
    await engine.open()
    if (connection.backend) {
      this.#heartbeat = new Heartbeat(this.#runtime, connection.backend, engine.active, () => this.describe())
      await this.#heartbeat.start()
    }
    if (connection.parked) {
      this.#delays = new DelayAttendant(this.#runtime, connection.parked, connection.publisher)
      this.#delays.start()
    }
    for (const text of limitations(connection)) this.#runtime.logger.warn(text)
    this.#running = engine.run(this.#stopReceiving.signal)
    await this.#companion?.start()
  }

  #stop(reason: StopReport['reason'], graceMs: number): Promise<void> {
    this.#stopping ??= this.#stopOnce(reason, graceMs)
    return this.#stopping
  }

  /** First no new work; then running tasks, their leases kept; the heartbeat last. Always gets to its end. */
  async #stopOnce(reason: StopReport['reason'], graceMs: number): Promise<void> {
    this.#state = 'stopping'
    this.#stopReceiving.abort()
    await this.#starting.catch(() => {})
    await this.#attend('the beat', () => this.#companion?.stop())
    let released = 0
    await this.#attend('the last receive', () => this.#running)
    await this.#attend('running tasks', async () => {
      released = (await this.#engine?.finish(graceMs, this.#hurry.signal)) ?? 0
    })
    await this.#attend('settling', () => this.#engine?.close(this.#hurry.signal))
    await this.#attend('the heartbeat', () => this.#heartbeat?.stop())
    await this.#attend('delayed tasks', () => this.#delays?.stop())
    await this.#attend('dead letters', () => this.#deadLetters?.stop())
    if (this.#usesApp) await this.#attend('shutdown of the app', () => this.#app.shutdown())
    this.#state = 'stopped'
    this.#reportStop({ reason, released, ...this.#counts })
  }

  /** One step of stopping: what goes wrong in it must not keep the next one from happening. */
  async #attend(what: string, step: () => Promise<void> | undefined): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#runtime.logger.error(`stopping: ${what} failed`, { error: describeError(error).message })
    }
  }

  #onStarted(job: Job): void {
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
    try {
      const counts = await Promise.all(this.options.queues.map(({ name }) => admin?.counts(name)))
      if (counts.some((count) => count !== undefined && count.ready > 0)) return
    } catch (error) {
      this.#runtime.logger.warn('the queues cannot be counted; going on', { error: String(error) })
      return
    }
    await this.#stop('burst', this.options.graceMs)
  }

  #onSettled(
    connection: Connection,
    job: Job,
    outcome: Outcome,
    settlement: Settlement,
    runtimeMs: number,
  ): void {
    const { events } = this.#runtime
    if (settlement === 'lost' || outcome.type === 'lost') {
      events.emit('lost', () => toEvent(job))
      return
    }
    if (job.envelope.unique !== undefined) {
      void this.#releaseUnique(connection, job, job.envelope.unique, outcome, settlement)
    }
    if (settlement === 'stale') {
      events.emit('revoked', () => ({ ...toEvent(job), reason: 'revoked while it ran' }))
    } else this.#tell(job, outcome, runtimeMs)
  }

  #tell(job: Job, outcome: Outcome, runtimeMs: number): void {
    const { events } = this.#runtime
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
  #logFailure({ envelope }: Job, error: TaskErrorInfo, reason: string): void {
    this.#runtime.logger.error(`task '${envelope.task}' failed: ${error.name}: ${error.message}`, {
      id: envelope.id,
      reason,
    })
  }

  async #releaseUnique(
    { backend }: Connection,
    { envelope: { id } }: Job,
    unique: string,
    outcome: Outcome,
    settlement: Settlement,
  ): Promise<void> {
    if (!backend) return
    const ours = settlement === 'ok' && ['done', 'dead', 'revoked'].includes(outcome.type)
    try {
      // Refused or dropped: the task may have ended, or a newer run of it may hold the key.
      if (ours || (await hasEnded(backend, id))) await dropUnique(backend, unique, id)
    } catch (error) {
      // The next sender finds the holder ended, and takes the key over.
      this.#runtime.logger.warn('a unique key could not be given back', {
        id,
        error: describeError(error).message,
      })
    }
  }
}

async function hasEnded(backend: Backend, id: string): Promise<boolean> {
  const [record] = await backend.results.get([id])
  return record !== undefined && isTerminal(record.state)
}

function toEvent({ envelope, queue }: Job): TaskEvent {
  return { id: envelope.id, name: envelope.task, queue, attempt: envelope.attempt }
}
