import type { App } from '../app/app.ts'
import { createWorker } from '../app/create-worker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { memory } from '../memory/adapter.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { appBrand } from '../runtime/app-brand.ts'
import { currentRun } from '../task/current-run.ts'
import type { Task } from '../task/task.ts'
import type { Worker } from '../worker/worker.ts'
import type { WorkerOptions } from '../worker/worker-options.ts'
import { type Faults, type SentTask, TestBroker } from './test-broker.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

export interface StartTestingOptions {
  /**
   * Sending waits until what was sent has run, with all that follows from it: `await add.delay(…)`, and it is done. What is
   * delayed, a retry's backoff too, still waits for `advance`. @default false
   */
  readonly eager?: boolean
  /** Of the worker in this process; false for none: tasks are only sent. */
  readonly worker?: WorkerOptions | false
  /** What the clock shows at first. @default 2026-01-01, midnight UTC */
  readonly startAt?: Date
}

/** An app under test: in memory, on a clock that stands still until the test moves it. */
export interface Testing {
  /** All tasks that were sent, in order, by whomever. Retries are not sent anew. */
  readonly sent: readonly SentTask[]
  /** Those of one task, their inputs typed. */
  sentOf<Input, Result>(task: Task<Input, Result>): readonly SentTask<Input>[]
  /** Forgets what was sent. */
  clearSent(): void
  /** Moves time on, and waits until all that fell due on the way has run. @example await testing.advance('3w') */
  advance(time: Duration): Promise<void>
  /** Resolves when no task is ready and none runs. @throws TqError `RESULT_TIMEOUT` after 5 s of real time */
  idle(): Promise<void>
  now(): Date
  readonly faults: Faults
  /** Ends the worker and gives the app its own services back. Nothing of the test is left. */
  stop(): Promise<void>
}

/** Real time: a handler that takes longer is taken for stuck. */
const longestIdleMs = 5_000
/** A worker keeps a pulse. Across longer times nobody needs to see all of it. */
const longestWatchedMs = 10_000

/**
 * Puts an app on the memory broker and a virtual clock, with a worker beside it. The same promises hold as elsewhere:
 * inputs are validated and travel as JSON, retries, limits and workflows do what they do.
 *
 * @example
 * const testing = await startTesting(app)
 * await signUp({ email: 'ann@example.com' })
 * expect(testing.sentOf(sendWelcome)).toHaveLength(1)
 * await testing.advance('3w')
 * await testing.stop()
 */
export async function startTesting(
  app: Pick<App<unknown>, typeof appBrand>,
  options: StartTestingOptions = {},
): Promise<Testing> {
  const clock = withTurns(createVirtualClock(options.startAt?.getTime()))
  const { createBroker, createBackend } = memory()
  const context = { namespace: app[appBrand].runtime.settings.namespace, clock }
  const inner = createBroker?.('memory:', context)
  const backend = createBackend?.('memory:', context)
  if (!inner || !backend) throw new Error('The memory adapter is both.')
  const broker = new TestBroker(inner, clock)
  const testing = new AppUnderTest(app, broker, clock, options)
  const afterSending = options.eager ? { afterSending: () => testing.afterSending() } : {}
  await app[appBrand].standIn({ broker, backend, clock, ...afterSending })
  await testing.begin()
  return testing
}

/** What is due now happens without anybody moving the clock: a result that is there can be had. */
function withTurns(clock: VirtualClock): VirtualClock {
  return {
    ...clock,
    setTimer: (delayMs, callback) => {
      if (delayMs > 0) return clock.setTimer(delayMs, callback)
      const turn = setImmediate(callback)
      return () => clearImmediate(turn)
    },
  }
}

class AppUnderTest implements Testing {
  readonly #app: Pick<App<unknown>, typeof appBrand>
  readonly #broker: TestBroker
  readonly #clock: VirtualClock
  readonly #options: StartTestingOptions
  #worker: Worker | undefined

  constructor(
    app: Pick<App<unknown>, typeof appBrand>,
    broker: TestBroker,
    clock: VirtualClock,
    options: StartTestingOptions,
  ) {
    this.#app = app
    this.#broker = broker
    this.#clock = clock
    this.#options = options
  }

  get sent(): readonly SentTask[] {
    return this.#broker.sent
  }

  get faults(): Faults {
    return this.#broker
  }

  now(): Date {
    return new Date(this.#clock.now())
  }

  sentOf<Input, Result>(task: Task<Input, Result>): readonly SentTask<Input>[] {
    return this.sent.filter((one): one is SentTask<Input> => one.task === task.name)
  }

  clearSent(): void {
    this.#broker.sent.length = 0
  }

  async begin(): Promise<void> {
    const { worker } = this.#options
    if (worker === false) return
    this.#worker = createWorker(this.#app, worker)
    await this.#worker.start()
  }

  async advance(time: Duration): Promise<void> {
    const until = this.#clock.monotonic() + parseDuration(time, 'advance')
    for (;;) {
      await this.idle()
      const left = until - this.#clock.monotonic()
      const next = this.#nextDue(until) - this.#clock.monotonic()
      if (left <= 0) return
      // Up to a millisecond later: a delay ends after its time, never before.
      await this.#pass(Math.min(next + 1, left))
    }
  }

  async idle(): Promise<void> {
    if (!this.#worker) return
    const deadline = performance.now() + longestIdleMs
    for (let quiet = 0; quiet < 2; ) {
      await this.#clock.advance(0)
      const busy = await this.#busyQueues()
      quiet = busy.length === 0 ? quiet + 1 : 0
      if (performance.now() > deadline) {
        const where = busy.join(', ')
        throw new TqError('RESULT_TIMEOUT', `idle: tasks of ${where} still wait or run after 5 s.`)
      }
      // Handlers may do real work, which takes real time.
      if (quiet === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** A handler that waited for what it sends would wait for itself. */
  async afterSending(): Promise<void> {
    if (currentRun.getStore() === undefined) await this.idle()
  }

  async stop(): Promise<void> {
    await this.#endWorker()
    await this.#app[appBrand].standIn(undefined)
  }

  async #busyQueues(): Promise<readonly string[]> {
    const served = new Set(this.#worker?.options.queues.map(({ name }) => name))
    return Object.entries(await this.#broker.counts())
      .filter(([name, { ready, leased = 0 }]) => served.has(name) && ready + leased > 0)
      .map(([name]) => name)
  }

  /** The first instant up to this one at which a delayed message falls due. */
  #nextDue(until: Millis): Millis {
    const now = this.#clock.monotonic()
    return Math.min(until, ...this.#broker.due.filter((due) => due > now))
  }

  /** A long time passes without the worker, whose pulse would have to be gone through beat by beat. */
  async #pass(time: Millis): Promise<void> {
    if (!this.#worker || time <= longestWatchedMs) return await this.#clock.advance(time)
    await this.#endWorker()
    await this.#clock.advance(time)
    await this.begin()
  }

  async #endWorker(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    this.#worker = undefined
    let ended = false
    const stopping = worker.stop({ grace: 0 }).then(() => {
      ended = true
    })
    while (!ended) await this.#clock.advance(10)
    await stopping
  }
}
