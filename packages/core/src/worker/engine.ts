import type { Settlement } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { type TimeLimitExceeded, WorkerStopping } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { LogLines } from '../runtime/log-lines.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'
import type { ActiveRun } from './active-run.ts'
import { toFailure } from './attempt.ts'
import { Attempts } from './attempts.ts'
import type { Job } from './job.ts'
import { LeaseEnd } from './lease-end.ts'
import { LeaseKeeping } from './lease-keeper.ts'
import { type LimitGate, limitGate } from './limits/limit-gate.ts'
import type { Outcome } from './outcome.ts'
import { Pump } from './pump.ts'
import { type OnRefused, QueueSession } from './queue-session.ts'
import { RunContext, type RunServices } from './run-context.ts'
import { RunReporter } from './run-reporter.ts'
import { Slots } from './slots.ts'
import type { ResolvedWorkerOptions, WeightedQueue } from './worker-options.ts'
import { WorkerQueues } from './worker-queues.ts'

/** What the engine tells the worker it belongs to. */
export interface EngineHost {
  readonly state: unknown
  started(run: ActiveRun): void
  /** What became of a task, run or refused. */
  settled(job: Job, outcome: Outcome, settlement: Settlement, runtimeMs: Millis): void
  /** Every queue was asked, none had a task and nothing runs. */
  idle(): void
}

/** After the signals aborted, how long handlers have to react. */
const lastMomentMs: Millis = 2_000

/** One period of work, from open to quiet: sessions, slots and the runs in them. */
export class Engine {
  readonly #runtime: Runtime
  readonly #options: ResolvedWorkerOptions
  readonly #host: EngineHost
  readonly #queues: WorkerQueues
  readonly #keeping: LeaseKeeping
  readonly #gate: LimitGate | undefined
  readonly #attempts: Attempts
  readonly #reporter: RunReporter
  readonly #leaseEnd: LeaseEnd
  readonly #services: RunServices
  readonly #slots: Slots
  readonly #pump: Pump
  /** Resolves with the next change, for whoever waits for one. */
  #change: PromiseWithResolvers<void> | undefined

  constructor(
    runtime: Runtime,
    connection: Connection,
    options: ResolvedWorkerOptions,
    loader: string | undefined,
    host: EngineHost,
  ) {
    this.#runtime = runtime
    this.#options = options
    this.#host = host
    this.#keeping = new LeaseKeeping(runtime.clock, options.leaseMs, options.maxBlockMs)
    const gate = limitGate(runtime, connection)
    this.#gate = gate
    const onRefused: OnRefused = (job, outcome, settlement) => this.#settled(job, outcome, settlement, 0)
    this.#queues = new WorkerQueues(
      options.queues,
      options.order,
      (name) => new QueueSession(name, runtime, connection, options, this.#keeping, gate, onRefused),
    )
    const attempts = new Attempts(runtime, connection, options, loader)
    this.#attempts = attempts
    this.#slots = new Slots(this.#queues, options.concurrency, {
      clock: runtime.clock,
      isolates: attempts.isolates,
      start: (session, job) => this.#run(session, job),
      stopReceiving: () => this.#pump.interrupt(),
      roomMade: () => this.#wake(),
    })
    const { logger, clock, settings } = runtime
    const connect = () => runtime.connect()
    const keepsLogs = settings.history.logs && connection.backend !== undefined
    const newLines = () => new LogLines(settings.history.isSecret, () => clock.now())
    this.#services = keepsLogs ? { logger, connect, newLines } : { logger, connect }
    this.#reporter = new RunReporter(runtime, connection, this.active, options.name)
    this.#leaseEnd = new LeaseEnd(clock, connection.broker, options.leaseMs, this.active, (run, error) =>
      this.#outlived(run, error),
    )
    this.#pump = new Pump(this.#queues, options.burst ? 100 : 5_000, {
      now: () => runtime.clock.monotonic(),
      room: (session) => this.#slots.room(session),
      isIdle: () => this.#isIdle(),
      startReady: () => this.#slots.fill(),
      changed: () => this.#changed(),
      foundNothing: () => {
        if (this.#isIdle()) this.#host.idle()
      },
    })
  }

  /** What runs, in the order it started. */
  get active(): ReadonlySet<ActiveRun> {
    return this.#slots.active
  }

  /** Tasks leased and waiting for a slot. */
  get reserved(): number {
    return this.#slots.reserved
  }

  get concurrency(): number {
    return this.#slots.concurrency
  }

  /** Those it takes tasks from, paused ones too. */
  get queues(): readonly WeightedQueue[] {
    return this.#queues.named
  }

  /** How fetching goes: when its last turn began, whether there is no room, and which queues could not be asked. */
  get fetching(): {
    readonly turnedAt: Millis
    readonly waits: boolean
    readonly failing: readonly string[]
  } {
    const { turnedAt, waits } = this.#pump
    const failing = this.#queues.sessions.filter((session) => session.failing).map(({ queue }) => queue)
    return { turnedAt, waits, failing }
  }

  /** Those of its queues that are paused. */
  get paused(): readonly string[] {
    return this.#queues.paused
  }

  /** Tasks leased and waiting for a slot, named. */
  waiting(): Iterable<Job> {
    return this.#slots.waiting()
  }

  /**
   * More or fewer slots from now on; what runs goes on. A receiver was opened for so many tasks, which is the limit.
   *
   * @throws TqError `INVALID_OPTION`
   */
  resize(concurrency: number): void {
    const most = this.#options.concurrency + this.#options.readAhead
    if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > most) {
      throw new TqError(
        'INVALID_OPTION',
        `concurrency ${String(concurrency)} is not a whole number from 1 to ${most}; a worker started with more can have more.`,
      )
    }
    this.#slots.concurrency = concurrency
    this.#queues.resize(concurrency)
    this.#look()
  }

  /** Takes nothing from these queues from now on, and gives back what has not started. */
  pause(names: ReadonlySet<string>): void {
    if (this.#queues.pause(names)) this.#look()
  }

  /** Other rates than those of the definitions, by task. */
  overrideRates(rates: ReadonlyMap<string, string>): void {
    this.#gate?.override(rates)
  }

  /** False when it takes from that queue already. */
  async addQueue(queue: WeightedQueue): Promise<boolean> {
    const added = await this.#queues.add(queue)
    if (added) this.#look()
    return added
  }

  /** Running tasks of it go on. False when it does not take from that queue. */
  removeQueue(name: string): boolean {
    // Before its receiver closes.
    this.#slots.leave(name)
    const removed = this.#queues.remove(name, this.active)
    if (removed) this.#look()
    return removed
  }

  /** Something about the queues or slots has changed: what waits for messages has to begin anew. */
  #look(): void {
    this.#pump.interrupt()
    this.#slots.fill()
    this.#wake()
  }

  async open(): Promise<void> {
    for (const session of this.#queues.sessions) await session.open()
    this.#leaseEnd.start()
  }

  /** Takes and runs tasks until the signal aborts; then everything not started is given back. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    await this.#pump.run(signal)
    this.#slots.giveBack()
  }

  /**
   * Lets running tasks finish for `graceMs`, or until `hurry` aborts; then aborts their signals, and gives back what
   * still does not end. Returns how many were given back.
   */
  async finish(graceMs: Millis, hurry: AbortSignal): Promise<number> {
    await this.#untilQuiet(graceMs, hurry)
    for (const { context } of this.active) context.stop(new WorkerStopping())
    await this.#untilQuiet(lastMomentMs, hurry)
    const left = [...this.active].filter(({ decided }) => !decided)
    for (const { session, job } of left) {
      this.#attempts.survived(job)
      session.releaseRunning([job])
    }
    return left.length
  }

  async close(hurry: AbortSignal): Promise<void> {
    this.#slots.close()
    this.#leaseEnd.stop()
    this.#reporter.stop()
    // Leases are kept until the last result is settled.
    await this.#queues.close(hurry)
    this.#gate?.stop()
    await this.#keeping.close()
    await this.#attempts.close(hurry)
  }

  #run(session: QueueSession, job: Job): void {
    const { clock } = this.#runtime
    const context = new RunContext(job, this.#host.state, this.#services)
    const run: ActiveRun = {
      job,
      session,
      context,
      startedAt: clock.now(),
      startedTick: clock.monotonic(),
      announced: false,
      attempt: undefined,
      decided: false,
    }
    job.context = context
    this.#slots.started(run)
    this.#reporter.wake()
    this.#host.started(run)
    if (job.task.policy.acknowledge === 'before') void this.#runOnce(run)
    else void this.#attempt(run)
  }

  #attempt(run: ActiveRun): Promise<void> {
    const running = this.#attempts.run(run.job, run.context)
    run.attempt = running
    return running.then((outcome) => this.#conclude(run, outcome))
  }

  /** Its lease cannot be kept any longer. As past a hard limit: it has failed, whatever its handler still does. */
  #outlived(run: ActiveRun, error: TimeLimitExceeded): void {
    const { job, context } = run
    context.stop(error)
    context.terminate?.()
    context.running ??= run.attempt
    this.#conclude(run, toFailure(job, context, error))
  }

  /** Its message goes before it runs; without that it must not run. */
  async #runOnce(run: ActiveRun): Promise<void> {
    if (await run.session.acknowledge(run.job)) await this.#attempt(run)
    else this.#end(run)
  }

  #conclude(run: ActiveRun, outcome: Outcome): void {
    if (run.decided) return
    const { job, session, context } = run
    run.decided = true
    try {
      const runtimeMs = this.#runtime.clock.monotonic() - run.startedTick
      session.readAhead.observe(runtimeMs)
      session.settle(job, outcome, run.startedAt, (settlement) =>
        this.#settled(job, outcome, settlement, runtimeMs),
      )
    } catch (error) {
      // Nothing above should throw; if it does, the task must not be stuck for it.
      this.#runtime.logger.error(`task '${job.envelope.task}' could not be settled; it is given back`, {
        id: job.envelope.id,
        error: String(error),
      })
      session.release(job)
    }
    // An inline handler past its limit goes on: its slot is taken until it returns.
    if (context.running === undefined) this.#end(run)
    else void context.running.catch(() => {}).then(() => this.#end(run))
  }

  #settled(job: Job, outcome: Outcome, settlement: Settlement, runtimeMs: Millis): void {
    this.#host.settled(job, outcome, settlement, runtimeMs)
    this.#slots.leaseGone()
  }

  #end(run: ActiveRun): void {
    this.#slots.ended(run)
    this.#queues.ended(run.session, this.active)
    // Not left to the pump: it may be waiting for messages.
    this.#slots.fill()
    this.#wake()
  }

  #isIdle(): boolean {
    return this.active.size === 0 && this.reserved === 0
  }

  #changed(): Promise<void> {
    this.#change ??= Promise.withResolvers()
    return this.#change.promise
  }

  #wake(): void {
    this.#change?.resolve()
    this.#change = undefined
  }

  async #untilQuiet(ms: Millis, hurry: AbortSignal): Promise<void> {
    const given = new AbortController()
    const timeout = sleep(this.#runtime.clock, ms, AbortSignal.any([hurry, given.signal]))
    let late = false
    void timeout.then(() => {
      late = true
      this.#wake()
    })
    while (this.active.size > 0 && !late) await this.#changed()
    given.abort()
  }
}
