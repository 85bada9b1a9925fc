import type { Backend } from '../contracts/backend.ts'
import type { QueueCounts } from '../contracts/broker.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import { deadQueueOf } from '../options/names.ts'
import { Audit, type AuditEntry } from '../runtime/audit.ts'
import { type FedEvent, listen } from '../runtime/event-feed.ts'
import { rememberedQueues } from '../runtime/known-queues.ts'
import { Mailbox, type Verb, type WorkerAnswer } from '../runtime/mailbox.ts'
import { type PausedQueue, pausedQueues } from '../runtime/paused-queues.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import {
  type CountsAt,
  hourMs,
  minuteMs,
  readCounts,
  type Step,
  sumCounts,
  type TaskCounts,
} from '../runtime/task-counts.ts'
import { listWorkers, type WorkerInfo, type WorkerTask } from '../runtime/worker-list.ts'
import type { History } from './history.ts'
import { listRateLimits, type RateLimitInfo } from './rate-limits.ts'
import type { TaskSummary } from './task-summary.ts'

/** Which workers are asked. */
export interface Asked {
  /** Ids or names. @default all that live */
  readonly to?: readonly string[]
}

/** A queue, as far as anybody knows it. */
export interface QueueInfo {
  readonly name: string
  /** Undefined where the broker cannot count. */
  readonly counts: QueueCounts | undefined
  /** Its dead letters; undefined where the broker cannot count. */
  readonly dead: number | undefined
  /** Set while no worker takes tasks from it. */
  readonly paused: PausedQueue | undefined
  /** Names of the live workers that take tasks from it. Waiting tasks and nobody here: start one. */
  readonly workers: readonly string[]
}

/** A stretch of time. */
export interface Span {
  /** How far back. @default '1h' */
  readonly last?: Duration
}

/** Looks at workers, queues and counts. Needs a backend, and nothing of the broker. */
export class Inspect {
  readonly #runtime: Runtime
  readonly #history: History

  constructor(runtime: Runtime, history: History) {
    this.#runtime = runtime
    this.#history = history
  }

  /** The workers that live now and what each said last, at most a heartbeat ago; by name. */
  async workers(): Promise<readonly WorkerInfo[]> {
    return listWorkers((await this.#open('the list of workers')).backend)
  }

  /** Who answers. */
  ping(asked: Asked = {}): Promise<readonly WorkerAnswer<'pong'>[]> {
    return this.#ask('ping', asked)
  }

  /** The tasks that run at this moment. */
  active(asked: Asked = {}): Promise<readonly WorkerAnswer<readonly WorkerTask[]>[]> {
    return this.#ask('active', asked)
  }

  /** The tasks that workers have taken and that wait for a slot. */
  reserved(asked: Asked = {}): Promise<readonly WorkerAnswer<readonly WorkerTask[]>[]> {
    return this.#ask('reserved', asked)
  }

  /** What each worker was started with. */
  conf(asked: Asked = {}): Promise<readonly WorkerAnswer<Readonly<Record<string, unknown>>>[]> {
    return this.#ask('conf', asked)
  }

  /** All queues that workers take tasks from or took in the last 90 days, that this app names, or that are paused. */
  async queues(): Promise<readonly QueueInfo[]> {
    const connection = await this.#open('the list of queues')
    const { backend } = connection
    const [workers, paused, remembered] = await Promise.all([
      listWorkers(backend),
      pausedQueues(backend.state),
      rememberedQueues(backend.state),
    ])
    const names = new Set([
      ...remembered,
      ...this.#named(),
      ...workers.flatMap(({ queues }) => queues),
      ...paused.map(({ queue }) => queue),
    ])
    return Promise.all(
      [...names].sort().map(async (name) => ({
        name,
        ...(await countsOf(connection, name)),
        paused: paused.find(({ queue }) => queue === name),
        workers: workers.filter(({ queues }) => queues.includes(name)).map((worker) => worker.name),
      })),
    )
  }

  /** The rate limits of tasks, as defined and as changed by `control.rateLimit`; by task. */
  async rateLimits(): Promise<readonly RateLimitInfo[]> {
    const { backend } = await this.#open('the list of rate limits')
    return listRateLimits(backend, this.#runtime.registry)
  }

  /**
   * How each task did in the last hour, or as long as asked (to the minute up to a day, to the hour up to 31). Without what
   * workers have counted since their last heartbeat; for more than a day, in the last minute.
   */
  async stats(span: Span = {}): Promise<Readonly<Record<string, TaskCounts>>> {
    const { backend } = await this.#open('the counts of tasks')
    const { step, from, to } = this.#span(span)
    return sumCounts(backend.state, step, from, to)
  }

  /** The same by the minute, or by the hour where more than a day is asked for. For charts; the oldest first. */
  async series(span: Span = {}): Promise<{ readonly stepMs: number; readonly points: readonly CountsAt[] }> {
    const { backend } = await this.#open('the counts of tasks')
    const { step, from, to } = this.#span(span)
    return { stepMs: step, points: await readCounts(backend.state, step, from, to) }
  }

  /** Tasks that wait for their time, as far as the latest 1,000 of those that wait tell; the next one first. */
  async scheduled(): Promise<readonly TaskSummary[]> {
    const { tasks } = await this.#history.list({ state: ['PENDING', 'RETRY'] }, { limit: 1_000 })
    const now = this.#runtime.clock.now()
    const dueIn = ({ dueAt }: TaskSummary) => (dueAt ? dueAt.getTime() - now : 0)
    return tasks.filter((task) => dueIn(task) > 0).sort((one, other) => dueIn(one) - dueIn(other))
  }

  /**
   * What happens to tasks on all workers, as it happens, until the signal aborts. Begins with the next heartbeat, or at
   * once where the backend can hint. More than some hundred per second are not all told.
   */
  async *events(options: {
    readonly signal: AbortSignal
  }): AsyncGenerator<FedEvent | { readonly type: 'dropped'; readonly count: number }> {
    const { backend } = await this.#open('listening to events')
    yield* listen(backend.state, this.#runtime.clock, options.signal)
  }

  /** What was done over `app.control`, the newest first; kept for 90 days. */
  async audit(options: { readonly limit?: number } = {}): Promise<readonly AuditEntry[]> {
    const { backend } = await this.#open('the audit log')
    return new Audit(backend.state, this.#runtime.clock).list(options.limit ?? 100)
  }

  async #ask<Value>(verb: Verb, { to }: Asked): Promise<readonly WorkerAnswer<Value>[]> {
    const { backend } = await this.#open('asking workers')
    return new Mailbox(backend, this.#runtime.clock).ask<Value>(verb, to)
  }

  /** Queues this app knows of. */
  #named(): readonly string[] {
    const { settings, registry } = this.#runtime
    const tasks = [...registry.all()].map(({ policy }) => policy.queue)
    const routes = settings.routes.map(({ route }) => route.queue)
    return [settings.queue, ...tasks, ...routes].filter((name) => name !== undefined)
  }

  #span({ last = '1h' }: Span): { readonly step: Step; readonly from: number; readonly to: number } {
    const ms = Math.min(parseDuration(last, 'last'), 31 * 24 * hourMs)
    const to = this.#runtime.clock.now()
    return { step: ms > 24 * hourMs ? hourMs : minuteMs, from: to - ms, to }
  }

  async #open(feature: string): Promise<Connection & { readonly backend: Backend }> {
    const connection = this.#runtime.connected ?? (await this.#runtime.connect())
    return { ...connection, backend: needBackend(connection, feature) }
  }
}

async function countsOf({ broker }: Connection, name: string): Promise<Pick<QueueInfo, 'counts' | 'dead'>> {
  const { admin } = broker
  if (!admin) return { counts: undefined, dead: undefined }
  const dead = deadQueueOf(name)
  await Promise.all([broker.declare({ name }), broker.declare({ name: dead })])
  const [counts, letters] = await Promise.all([admin.counts(name), admin.counts(dead)])
  return { counts, dead: letters.ready + (letters.leased ?? 0) + (letters.delayed ?? 0) }
}
