import type { Backend, HistoryFilter, TaskHistory } from '../contracts/backend.ts'
import type { TaskState } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import { readDetails, type TaskDetails } from './task-details.ts'
import { readSummary, type TaskSummary } from './task-summary.ts'

/** Which tasks: those to which all that is given applies. */
export interface TaskFilter {
  readonly state?: TaskState | readonly TaskState[]
  /** The task's name; `*` for any text. */
  readonly name?: string
  readonly queue?: string
  /** The worker's name. */
  readonly worker?: string
  readonly tag?: string
  /** The task that sent them. */
  readonly parent?: string
  /** The workflow they are part of. */
  readonly workflow?: string
  /** How the id begins. */
  readonly id?: string
  /** Sent not before, and before. */
  readonly from?: Date
  readonly to?: Date
}

export interface TaskPage {
  readonly tasks: readonly TaskSummary[]
  /** For the next page; undefined at the end. A page may have few tasks, or none, and a next one. */
  readonly next: string | undefined
}

export interface TaskCensus {
  readonly states: Readonly<Record<TaskState, number>>
  /** False: there are at least so many. */
  readonly complete: boolean
}

/** A page is given as soon as it is full, or this much time was spent on looking. */
const longestLookMs: Millis = 200
const defaultLimit = 50
const mostPerPage = 1_000

/**
 * The tasks the backend knows of, waiting, running and ended: as long as their results are kept, or longer
 * (`createApp({ history })`). Secrets in inputs, results and logs are left out by their names.
 */
export class History {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** The latest sent first, or the earliest. */
  async list(
    filter: TaskFilter = {},
    page: { readonly limit?: number; readonly cursor?: string; readonly order?: 'latest' | 'earliest' } = {},
  ): Promise<TaskPage> {
    const { history } = await this.#open()
    const limit = Math.min(mostPerPage, Math.max(1, page.limit ?? defaultLimit))
    const { isSecret } = this.#runtime.settings.history
    const asked = toHistoryFilter(filter)
    const fits = restOf(filter)
    const tasks: TaskSummary[] = []
    const deadline = this.#runtime.clock.monotonic() + longestLookMs
    for (let cursor = page.cursor; ; ) {
      const found = await history.list(asked, {
        limit: limit - tasks.length,
        ...(cursor === undefined ? {} : { cursor }),
        ...(page.order === undefined ? {} : { order: page.order }),
      })
      tasks.push(...found.records.map((record) => readSummary(record, isSecret)).filter(fits))
      cursor = found.next
      const full = tasks.length >= limit || this.#runtime.clock.monotonic() >= deadline
      if (cursor === undefined || full) return { tasks, next: cursor }
    }
  }

  /** All that is kept of one task; undefined for an unknown id. */
  async get(id: string): Promise<TaskDetails | undefined> {
    const { backend } = await this.#open()
    const [record] = await backend.results.get([id])
    const { clock, settings } = this.#runtime
    return record && readDetails(record, settings.history.isSecret, clock.now())
  }

  /** How many tasks there are, by state. Counts no further than `atMost` (10,000) of a state. */
  async counts(
    filter: Pick<TaskFilter, 'name' | 'queue' | 'id' | 'from' | 'to'> = {},
    options: { readonly atMost?: number } = {},
  ): Promise<TaskCensus> {
    const { history } = await this.#open()
    if (filter.name?.includes('*')) {
      throw new TqError('INVALID_OPTION', `counts: name '${filter.name}' must be one task's, without '*'.`)
    }
    return history.counts(toHistoryFilter(filter), { atMost: options.atMost ?? 10_000 })
  }

  async #open(): Promise<{ readonly backend: Backend; readonly history: TaskHistory }> {
    const backend = needBackend(await this.#runtime.connect(), 'the history of tasks')
    const { history } = backend.results
    if (history) return { backend, history }
    throw new TqError('CAPABILITY_MISSING', `The ${backend.name} backend cannot list tasks.`)
  }
}

/** What a backend can look for itself. */
function toHistoryFilter({ state, name, queue, id, from, to }: TaskFilter): HistoryFilter {
  const states = typeof state === 'string' ? [state] : state
  return {
    ...(states === undefined ? {} : { states }),
    ...(name === undefined || name.includes('*') ? {} : { name }),
    ...(queue === undefined ? {} : { queue }),
    ...(id === undefined ? {} : { idPrefix: id }),
    ...(from === undefined ? {} : { from: from.getTime() }),
    ...(to === undefined ? {} : { to: to.getTime() }),
  }
}

/** What only the detail of a record tells. */
function restOf({ name, worker, tag, parent, workflow }: TaskFilter): (task: TaskSummary) => boolean {
  const pattern = name?.includes('*') ? patternOf(name) : undefined
  return (task) =>
    (pattern === undefined || pattern.test(task.name)) &&
    (worker === undefined || task.worker === worker) &&
    (tag === undefined || task.tags.includes(tag)) &&
    (parent === undefined || task.parent === parent) &&
    (workflow === undefined || task.workflow === workflow)
}

function patternOf(name: string): RegExp {
  const text = name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*')
  return new RegExp(`^${text}$`, 'su')
}
