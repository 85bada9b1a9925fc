import type { Backend } from '../contracts/backend.ts'
import type { Settlement } from '../contracts/broker.ts'
import { isTerminal } from '../contracts/record.ts'
import { describeError, type TaskErrorInfo } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { deadQueueOf } from '../options/names.ts'
import type { AppInternals } from '../runtime/app-brand.ts'
import type { TaskEvent } from '../runtime/events.ts'
import { rememberQueues } from '../runtime/known-queues.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { dropUnique } from '../runtime/unique-lock.ts'
import type { WorkerInfo, WorkerTask } from '../runtime/worker-list.ts'
import { newId } from '../util/ids.ts'
import { type Controls, obey } from './commands.ts'
import { DeadLetterUpkeep } from './dead-letter-upkeep.ts'
import { DelayAttendant } from './delay-attendant.ts'
import { Engine } from './engine.ts'
import { HealthServer } from './health/health-server.ts'
import { WorkerHealth } from './health/worker-health.ts'
import { Heartbeat } from './heartbeat.ts'
import { HistoryUpkeep } from './history-upkeep.ts'
import type { Job } from './job.ts'
import { LimitUpkeep } from './limits/limit-upkeep.ts'
import type { Outcome } from './outcome.ts'
import { HealthMeter } from './process-health.ts'
import { checkRequirements, limitations } from './requirements.ts'
import { TaskCounter } from './task-counter.ts'
import { describeWorker, toActive, toWorkerTask } from './worker-info.ts'
import type { ResolvedWorkerOptions, WeightedQueue } from './worker-options.ts'

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
  readonly #counter: TaskCounter
  readonly #health = new HealthMeter()
  readonly #startedAt: number
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #starting: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #askedToStop = false
  #usesApp = false
  #engine: Engine | undefined
  #heartbeat: Heartbeat | undefined
  #server: HealthServer | undefined
  #metricsPort: number | undefined
  #deadLetters: DeadLetterUpkeep | undefined
  #delays: DelayAttendant | undefined
  #history: HistoryUpkeep | undefined
  #limits: LimitUpkeep | undefined
  #running: Promise<void> = Promise.resolve()
  #reportStop: (report: StopReport) => void = () => {}
  #idleRounds = 0

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
    this.#counter = new TaskCounter(app.runtime.clock)
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

  /** What it is and does now. Measures from call to call. */
  describe(): WorkerInfo {
    return describeWorker(this.#runtime, this.#runtime.connected, {
      id: this.id,
      options: this.options,
      state: this.#state === 'stopping' ? 'stopping' : 'running',
      startedAt: this.#startedAt,
      engine: this.#engine,
      counter: this.#counter,
      health: this.#health.measure(),
    })
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
    this.#health.start()
    await this.#serve(connection, engine)
    if (connection.backend) {
      this.#heartbeat = new Heartbeat(this.#runtime, connection.backend, {
        id: this.id,
        name: this.options.name,
        active: engine.active,
        counter: this.#counter,
        describe: () => this.describe(),
        pause: (queues) => engine.pause(queues),
        overrideRates: (rates) => engine.overrideRates(rates),
        obey: (command) => obey(this.#controls(connection, engine), command),
      })
      await this.#heartbeat.start()
      await this.#attend('remembering the queues', () => this.#remember(connection, this.options.queues))
    }
    if (connection.backend) {
      this.#history = new HistoryUpkeep(this.#runtime, connection, connection.backend)
      this.#history.start()
    }
    if (connection.parked) {
      this.#delays = new DelayAttendant(this.#runtime, connection.parked, connection.publisher)
      this.#delays.start()
    }
    this.#limits = this.#limitUpkeep(connection)
    this.#limits?.start()
    for (const text of limitations(connection)) this.#runtime.logger.warn(text)
    this.#running = engine.run(this.#stopReceiving.signal)
    await this.#companion?.start()
  }

  /** Only where tasks have places to wait for. */
  #limitUpkeep({ backend, lines }: Connection): LimitUpkeep | undefined {
    const needed = this.#runtime.registry.all().some(({ policy }) => policy.concurrency)
    return needed && backend && lines ? new LimitUpkeep(this.#runtime, backend, lines, this.id) : undefined
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
    await this.#attend('stopping: the last receive', () => this.#running)
    await this.#attend('stopping: running tasks', async () => {
      released = (await this.#engine?.finish(graceMs, this.#hurry.signal)) ?? 0
    })
    await this.#attend('stopping: settling', () => this.#engine?.close(this.#hurry.signal))
    await this.#attend('stopping: the heartbeat', () => this.#heartbeat?.stop())
    this.#health.stop()
    await this.#attend('stopping: the metrics', () => this.#server?.close())
    await this.#attend('stopping: the history', () => this.#history?.stop())
    await this.#attend('stopping: delayed tasks', () => this.#delays?.stop())
    await this.#attend('stopping: waiting tasks', () => this.#limits?.stop())
    await this.#attend('stopping: dead letters', () => this.#deadLetters?.stop())
    if (this.#usesApp) await this.#attend('stopping: shutdown of the app', () => this.#app.shutdown())
    this.#state = 'stopped'
    const { succeeded, failed, retried } = this.#counter.totals
    this.#reportStop({ reason, released, succeeded, failed, retried })
  }

  /** One step of starting or stopping: what goes wrong in it must not keep the next one from happening. */
  async #attend(what: string, step: () => Promise<void> | undefined): Promise<void> {
    try {
      await step()
    } catch (error) {
      this.#runtime.logger.error(`${what} failed`, { error: describeError(error).message })
    }
  }

  /** Where `/metrics` is served, once the worker has started; undefined where it is not. */
  get metricsPort(): number | undefined {
    return this.#metricsPort
  }

  async #serve(connection: Connection, engine: Engine): Promise<void> {
    const { metricsPort, metricsHost } = this.options
    if (metricsPort === undefined) return
    const describe = () => this.describe()
    const server = new HealthServer(
      new WorkerHealth(this.#runtime, connection, engine, this.#counter, describe),
    )
    this.#metricsPort = await server.listen(metricsPort, metricsHost)
    this.#server = server
  }

  /** For lists of queues: also when no worker is there any more. */
  async #remember({ backend }: Connection, queues: readonly WeightedQueue[]): Promise<void> {
    const names = queues.map(({ name }) => name)
    if (backend) await rememberQueues(backend.state, names)
  }

  /** What it does when it is told over the mailbox. */
  #controls(connection: Connection, engine: Engine): Controls {
    return {
      active: () => [...engine.active].map(toActive),
      reserved: (): readonly WorkerTask[] => [...engine.waiting()].map(toWorkerTask),
      conf: () => ({
        ...this.options,
        concurrency: engine.concurrency,
        queues: engine.queues,
        namespace: this.#runtime.settings.namespace,
        defaults: this.#runtime.settings.defaults,
      }),
      resize: (concurrency) => engine.resize(concurrency),
      addQueue: async (queue) => {
        await connection.broker.declare({ name: queue.name })
        await connection.broker.declare({ name: deadQueueOf(queue.name) })
        await this.#remember(connection, [queue])
        return await engine.addQueue(queue)
      },
      removeQueue: (name) => engine.removeQueue(name),
      hasRate: (task) => this.#runtime.registry.get(task)?.policy.rate !== undefined,
      // After the answer has been sent.
      shutdown: (graceMs) => void setImmediate(() => this.#stop('asked', graceMs ?? this.options.graceMs)),
    }
  }

  #onStarted(job: Job): void {
    this.#idleRounds = 0
    this.#counter.started()
    this.#runtime.events.emit('started', () => toEvent(job))
    if (this.#counter.totals.started >= this.options.maxTasks)
      void this.#stop('max-tasks', this.options.graceMs)
    else if (
      this.#watchMemory &&
      this.#counter.totals.started % 16 === 0 &&
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
      this.#counter.ended(job.envelope.task, 'revoked', runtimeMs)
      events.emit('revoked', () => ({ ...toEvent(job), reason: 'revoked while it ran' }))
    } else this.#tell(job, outcome, runtimeMs)
  }

  #tell(job: Job, outcome: Outcome, runtimeMs: number): void {
    const { events } = this.#runtime
    if (outcome.type === 'done') {
      this.#counter.ended(job.envelope.task, 'succeeded', runtimeMs)
      events.emit('succeeded', () => ({ ...toEvent(job), runtimeMs }))
    } else if (outcome.type === 'retry') {
      const { error, delayMs } = outcome
      this.#counter.ended(job.envelope.task, 'retried', runtimeMs)
      events.emit('retried', () => ({ ...toEvent(job), error, delayMs, runtimeMs }))
    } else if (outcome.type === 'dead') {
      const { error, reason } = outcome
      this.#counter.ended(job.envelope.task, 'failed', runtimeMs)
      this.#deadLetters?.added(job.queue)
      if (!events.heard('failed')) this.#logFailure(job, error, reason)
      events.emit('failed', () => ({ ...toEvent(job), error, reason, runtimeMs }))
    } else if (outcome.type === 'revoked') {
      this.#counter.ended(job.envelope.task, 'revoked', runtimeMs)
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
