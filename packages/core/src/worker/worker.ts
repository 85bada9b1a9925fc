import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { deadQueueOf } from '../options/names.ts'
import type { AppInternals } from '../runtime/app-brand.ts'
import { rememberQueues } from '../runtime/known-queues.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import type { WorkerInfo, WorkerTask } from '../runtime/worker-list.ts'
import { newId } from '../util/ids.ts'
import { type Attendant, attendantsOf } from './attendants.ts'
import { type Controls, obey } from './commands.ts'
import { Engine } from './engine.ts'
import { HealthServer } from './health/health-server.ts'
import { WorkerHealth } from './health/worker-health.ts'
import { Heartbeat } from './heartbeat.ts'
import { OutcomeTeller } from './outcome-teller.ts'
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
  #teller: OutcomeTeller | undefined
  #attendants: readonly Attendant[] = []
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
    const teller = new OutcomeTeller(this.#runtime, connection, this.#counter)
    const engine = new Engine(this.#runtime, connection, this.options, this.#loader, {
      state,
      started: ({ job }) => {
        teller.started(job)
        this.#onStarted()
      },
      settled: (...end) => teller.settled(...end),
      idle: () => void this.#onIdle(connection),
    })
    this.#teller = teller
    this.#engine = engine
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
    this.#attendants = attendantsOf(this.#runtime, connection, this.id)
    for (const attendant of this.#attendants) attendant.start()
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
    await this.#attend('stopping: the last receive', () => this.#running)
    await this.#attend('stopping: running tasks', async () => {
      released = (await this.#engine?.finish(graceMs, this.#hurry.signal)) ?? 0
    })
    await this.#attend('stopping: settling', () => this.#engine?.close(this.#hurry.signal))
    await this.#attend('stopping: the heartbeat', () => this.#heartbeat?.stop())
    this.#health.stop()
    await this.#attend('stopping: the metrics', () => this.#server?.close())
    for (const attendant of this.#attendants)
      await this.#attend(`stopping: ${attendant.name}`, () => attendant.stop())
    await this.#attend('stopping: dead letters', () => this.#teller?.stop())
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

  #onStarted(): void {
    this.#idleRounds = 0
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
}
