import type { QueueCounts } from '../contracts/broker.ts'
import type { Logger } from '../contracts/logger.ts'
import { TqError } from '../errors/tq-error.ts'
import { Control } from '../operator/control.ts'
import { History } from '../operator/history.ts'
import { Inspect } from '../operator/inspect.ts'
import { checkKnown } from '../options/known.ts'
import { checkQueueName, checkTaskId, deadQueueOf } from '../options/names.ts'
import { StoredResult } from '../producer/async-result.ts'
import { Producer } from '../producer/producer.ts'
import { ResultWaiter } from '../producer/result-waiter.ts'
import { type AppInternals, appBrand, type BeatModule, type StandIns } from '../runtime/app-brand.ts'
import { DeadLetters } from '../runtime/dead-letters.ts'
import { TaskEventHub, type TaskEvents } from '../runtime/events.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import { type ResolvedSettings, resolveSettings } from '../runtime/settings.ts'
import type { WorkerInfo } from '../runtime/worker-list.ts'
import type { BeatHost } from '../schedule/beat-module.ts'
import type { ScheduleOptions } from '../schedule/schedule-options.ts'
import type { Timing } from '../schedule/timing.ts'
import type { TaskContext } from '../task/context.ts'
import type { TaskContract } from '../task/define-task.ts'
import { TaskRegistry } from '../task/registry.ts'
import type { InputOf, OutputOf, Schema } from '../task/schema.ts'
import type {
  Plan,
  PlannedSignature,
  Signature,
  SignatureOptions,
  WholeSignature,
  WorkflowResult,
} from '../task/signature.ts'
import {
  type AsyncResult,
  createTask,
  type ResultOf,
  type SendOptions,
  type Task,
  type TaskDefinition,
  type TaskHost,
} from '../task/task.ts'
import type { CheckedTaskOptions, NoInput, TaskOptions, TaskSettings } from '../task/task-options.ts'
import { systemClock } from '../util/system-clock.ts'
import { createSignature } from '../workflow/signature.ts'
import { StoredWorkflow } from '../workflow/workflow-result.ts'
import { Workflows } from '../workflow/workflows.ts'
import { AdapterCatalog } from './adapters.ts'
import type { App } from './app.ts'
import { type AppOptions, appOptionNames } from './app-options.ts'
import { AppBeatHost } from './beat-host.ts'
import { CodeSchedules } from './code-schedules.ts'
import { Connector } from './connector.ts'
import { runHere } from './run-here.ts'
import { type Schedules, StoredSchedules } from './schedules.ts'
import { SharedState } from './shared-state.ts'
import { taskDefinition } from './task-definition.ts'

/**
 * An application. Opens no connection; the broker is chosen by `TQ_BROKER_URL` or `broker`.
 *
 * @throws TqError `INVALID_OPTION`, `INVALID_NAME`, `INVALID_DURATION`
 * @example export const app = createApp({ defaults: { timeLimit: '5m' } })
 */
export function createApp<State = undefined>(options: AppOptions<State> = {}): App<State> {
  checkKnown(options, appOptionNames, 'createApp')
  return new Application<State>(options, resolveSettings(options, process.env))
}

class Application<State> implements App<State>, TaskHost, Runtime, AppInternals {
  settings: ResolvedSettings
  clock: Runtime['clock']
  logger: Runtime['logger']
  readonly codec: Runtime['codec']
  readonly registry = new TaskRegistry()
  readonly events: TaskEventHub
  readonly followUps: Workflows
  readonly deadLetters: DeadLetters
  readonly schedules: Schedules
  readonly beatHost: BeatHost
  readonly #codeSchedules: CodeSchedules
  readonly inspect: Inspect
  readonly control: Control
  readonly history: History
  readonly #options: AppOptions<State>
  readonly #ownSettings: ResolvedSettings
  #standIns: StandIns | undefined
  readonly #catalog: AdapterCatalog
  readonly #connector: Connector
  readonly #state: SharedState<State>
  #producer: Producer
  #waiter: ResultWaiter | undefined

  constructor(options: AppOptions<State>, settings: ResolvedSettings) {
    this.#options = options
    this.settings = settings
    this.#ownSettings = settings
    this.clock = settings.clock
    this.logger = settings.logger
    this.codec = settings.codec
    this.events = new TaskEventHub((error) =>
      this.logger.error('a listener of a task event threw', { error: String(error) }),
    )
    this.#catalog = new AdapterCatalog(options.adapters ?? [])
    this.#connector = new Connector(this.#catalog)
    this.#state = new SharedState<State>(
      () => options.startup?.() as State,
      (state) => options.shutdown?.(state),
    )
    this.#producer = new Producer(this)
    this.followUps = new Workflows(this)
    this.deadLetters = new DeadLetters(this)
    this.#codeSchedules = new CodeSchedules(this.followUps, settings.timeZone)
    this.schedules = new StoredSchedules(this, this.followUps, this.#codeSchedules)
    this.beatHost = new AppBeatHost(this, this.followUps, this.#codeSchedules)
    this.history = new History(this)
    this.inspect = new Inspect(this, this.history)
    this.control = new Control(this)
  }

  get [appBrand](): AppInternals {
    return this
  }

  get runtime(): Runtime {
    return this
  }

  get connected(): Connection | undefined {
    return this.#connector.connected
  }

  task<S extends Schema = NoInput, R = unknown>(
    options: CheckedTaskOptions<S, R, State>,
  ): Task<InputOf<S>, Awaited<R>> {
    const { name, input, output, run, ...settings } = options as TaskOptions<S, R, State>
    const parts = { name, input, output, run: run as TaskDefinition['run'] }
    return this.#define<InputOf<S>, Awaited<R>>(parts, settings as TaskSettings)
  }

  implement<S extends Schema, O>(
    contract: TaskContract<S, O>,
    run: (input: OutputOf<S>, context: TaskContext<State>) => O | Promise<O>,
  ): Task<InputOf<S>, O> {
    const { name, input, output, settings } = contract
    const parts = { name, input, output, run: run as TaskDefinition['run'] }
    return this.#define<InputOf<S>, O>(parts, settings)
  }

  send<S extends Schema, O>(
    contract: TaskContract<S, O>,
    input: InputOf<S>,
    options?: SendOptions,
  ): Promise<AsyncResult<O>>
  send<Result>(task: TaskDefinition, input: unknown, options: SendOptions): Promise<AsyncResult<Result>>
  async send(
    task: TaskContract<Schema, unknown> | TaskDefinition,
    input: unknown,
    options: SendOptions = {},
  ): Promise<AsyncResult<never>> {
    if (typeof task !== 'object' && typeof task !== 'function') {
      throw new TqError(
        'INVALID_OPTION',
        `app.send takes a task, not ${typeof task === 'string' ? `the name '${task}'` : `a ${typeof task}`}. For one that is defined elsewhere: app.send(defineTask({ name: '…', input }), input).`,
      )
    }
    const definition =
      'policy' in task
        ? task
        : taskDefinition({ ...task, run: undefined }, task.settings, this.settings.defaults)
    const id = await this.#producer.send(definition, input, options)
    if (this.#standIns?.afterSending) await this.#standIns.afterSending()
    return this.#handle(id)
  }

  async sendMany<Result>(
    task: TaskDefinition,
    inputs: readonly unknown[],
    options: SendOptions,
  ): Promise<readonly AsyncResult<Result>[]> {
    const ids = await this.#producer.sendMany(task, inputs, options)
    if (this.#standIns?.afterSending) await this.#standIns.afterSending()
    return ids.map((id) => this.#handle<Result>(id))
  }

  sign<Takes, Gives>(plan: Plan): Signature<Takes, Gives> {
    return createSignature(plan, this)
  }

  async launch(
    signature: PlannedSignature,
    options: SignatureOptions & Pick<SendOptions, 'taskId'>,
  ): Promise<WorkflowResult<unknown>> {
    const id = await this.followUps.launch(signature, options)
    if (this.#standIns?.afterSending) await this.#standIns.afterSending()
    return this.workflow(id)
  }

  workflow<T = unknown>(id: string): WorkflowResult<T> {
    return new StoredWorkflow<T>(checkTaskId(id), this, () => this.#waiting())
  }

  schedule(name: string, when: Timing, signature: WholeSignature, options: ScheduleOptions = {}): void {
    this.#codeSchedules.add(name, when, signature, options)
  }

  loadBeat(): Promise<BeatModule> {
    return this.#options.beat ? Promise.resolve(this.#options.beat) : this.#catalog.beat()
  }

  async runHere(task: TaskDefinition, input: unknown): Promise<unknown> {
    return runHere(this, await this.#state.get(), task, input)
  }

  result<T = unknown>(id: string): AsyncResult<ResultOf<T>> {
    return this.#handle(checkTaskId(id))
  }

  on<Name extends keyof TaskEvents>(name: Name, listener: (event: TaskEvents[Name]) => void): () => void {
    return this.events.on(name, listener)
  }

  async workers(): Promise<readonly WorkerInfo[]> {
    return this.inspect.workers()
  }

  async counts(queue: string): Promise<QueueCounts> {
    return (await this.#admin('counting tasks', queue)).counts(queue)
  }

  async purge(queue: string): Promise<number> {
    return (await this.#admin('purging', queue)).purge(queue)
  }

  async open(): Promise<void> {
    await this.connect()
  }

  connect(): Promise<Connection> {
    return this.#connector.connect(this.#standIns ?? this.#options, this.settings)
  }

  useLogger(logger: Logger): Logger {
    if (!this.#options.logger) this.logger = logger
    return this.logger
  }

  searchFrom(file: string | URL): void {
    this.#catalog.searchFrom(file)
  }

  async standIn(services: StandIns | undefined): Promise<void> {
    await this.#state.end()
    await this.#connector.disconnect()
    this.#standIns = services
    this.clock = services?.clock ?? this.#options.clock ?? systemClock
    const { payload } = this.#ownSettings
    this.settings = Object.freeze({
      ...this.#ownSettings,
      // A test keeps what is large beside the rest.
      ...(services
        ? { payload: payload && ({ ...payload, offload: 'backend' } as const), payloadUrl: undefined }
        : {}),
      clock: this.clock,
    })
    this.#producer = new Producer(this)
    this.#waiter = undefined
  }

  startup(): Promise<State> {
    return this.#state.acquire()
  }

  async shutdown(): Promise<void> {
    await this.#state.release()
  }

  async close(): Promise<void> {
    if (!this.#connector.close()) return
    try {
      await this.#state.end()
    } finally {
      await this.#connector.disconnect()
    }
  }

  #handle<Result>(id: string): AsyncResult<Result> {
    return new StoredResult<Result>(id, this, () => this.#waiting())
  }

  async #waiting(): Promise<ResultWaiter> {
    const backend = needBackend(await this.connect(), 'result.get()')
    this.#waiter ??= new ResultWaiter(backend, this.clock)
    return this.#waiter
  }

  #define<Input, Result>(parts: Omit<TaskDefinition, 'policy'>, settings: TaskSettings): Task<Input, Result> {
    const definition = taskDefinition(parts, settings, this.settings.defaults)
    this.registry.add(definition)
    return Object.assign(createTask<Input, Result>(definition, this), { [appBrand]: this })
  }

  async #admin(doing: string, queue: string) {
    const { broker } = await this.connect()
    await broker.declare({ name: queue.endsWith('.dead') ? queue : checkQueueName(queue) })
    if (broker.admin) return broker.admin
    throw new TqError(
      'CAPABILITY_MISSING',
      `${broker.name} does not offer ${doing} of queue '${queue}' (nor of '${deadQueueOf(queue)}').`,
    )
  }
}
