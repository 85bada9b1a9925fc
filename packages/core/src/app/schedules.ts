import type { Backend } from '../contracts/backend.ts'
import { TqError } from '../errors/tq-error.ts'
import type { BeatModule } from '../runtime/app-brand.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import { serviceNow } from '../runtime/service-time.ts'
import type { Kept, ScheduleDefinition, ScheduleEntry, StoredSchedule } from '../schedule/schedule.ts'
import { ScheduleBook } from '../schedule/schedule-book.ts'
import { type ScheduleInfo, toScheduleInfo } from '../schedule/schedule-info.ts'
import type { ScheduleOptions } from '../schedule/schedule-options.ts'
import { invalidSchedule, type Timing } from '../schedule/timing.ts'
import type { PlannedSignature, WholeSignature, WorkflowResult } from '../task/signature.ts'
import { newId } from '../util/ids.ts'
import type { Workflows } from '../workflow/workflows.ts'
import type { CodeSchedules } from './code-schedules.ts'

/** Schedules at run time, `app.schedules`. All but `list` and `runNow` of the code's own need a backend. */
export interface Schedules {
  /**
   * Makes a schedule, or changes it; a running beat takes it up within a second. What has been sent stays sent. Ticks
   * count from now where its times are new. Whether it is paused is kept.
   *
   * @throws TqError `INVALID_SCHEDULE`; `SCHEDULE_IN_CODE` for one that the code defines
   */
  upsert(name: string, when: Timing, signature: WholeSignature, options?: ScheduleOptions): Promise<void>
  /** No more ticks until it is resumed, whatever is deployed meanwhile. @throws TqError `UNKNOWN_SCHEDULE` */
  pause(name: string): Promise<void>
  /** It ticks again from now on; what would have been meanwhile is not made up for. @throws TqError `UNKNOWN_SCHEDULE` */
  resume(name: string): Promise<void>
  /**
   * Returns whether there was one.
   *
   * @throws TqError `SCHEDULE_IN_CODE` while a beat runs whose code defines it: it would come back
   */
  remove(name: string): Promise<boolean>
  /** Sends what it sends, once, now, also when it is paused. Its ticks stay as they are. @throws TqError `UNKNOWN_SCHEDULE` */
  runNow(name: string): Promise<WorkflowResult<unknown>>
  /** All schedules by name: those that are kept, and those of this process's code. @param options.next how many ticks to tell; 5 */
  list(options?: { readonly next?: number }): Promise<readonly ScheduleInfo[]>
}

/** What schedules need of their app. */
interface Host {
  readonly runtime: Runtime
  loadBeat(): Promise<BeatModule>
  workflow(id: string): WorkflowResult<unknown>
}

export class StoredSchedules implements Schedules {
  readonly #host: Host
  readonly #workflows: Workflows
  readonly #code: CodeSchedules

  constructor(host: Host, workflows: Workflows, code: CodeSchedules) {
    this.#host = host
    this.#workflows = workflows
    this.#code = code
  }

  async upsert(
    name: string,
    when: Timing,
    signature: WholeSignature & PlannedSignature,
    options: ScheduleOptions = {},
  ): Promise<void> {
    const definition = await this.#code.define(name, when, signature, options)
    const book = await this.#book('schedules.upsert()')
    if (when.kind === 'at' && when.instant <= (await book.now()))
      throw invalidSchedule(`schedule '${name}': ${new Date(when.instant).toISOString()} has passed.`)
    await this.#change(book, name, async (entry) => {
      if (entry && !isFree(entry)) throw inCode(name, 'Change it there')
      return await book.define(definition, 'store', entry?.schedule)
    })
  }

  async pause(name: string): Promise<void> {
    await this.#setPaused(name, true)
  }

  async resume(name: string): Promise<void> {
    await this.#setPaused(name, false)
  }

  async remove(name: string): Promise<boolean> {
    const book = await this.#book('schedules.remove()')
    const entry = await book.entry(name)
    if (entry && !isFree(entry)) throw inCode(name, 'Delete it there, or pause it')
    return await book.remove(name)
  }

  async runNow(name: string): Promise<WorkflowResult<unknown>> {
    const { backend } = await this.#host.runtime.connect()
    const entry = backend && (await this.#bookOf(backend).entry(name))
    const found = entry?.schedule.value ?? (await this.#code.all()).find((one) => one.name === name)
    if (!found) throw unknown(name)
    const id = `${name}@${newId(this.#host.runtime.clock)}`
    await this.#workflows.sendPrepared(found.sends, id)
    return this.#host.workflow(id)
  }

  async list({ next = 5 }: { readonly next?: number } = {}): Promise<readonly ScheduleInfo[]> {
    const { backend } = await this.#host.runtime.connect()
    const [{ nextTicks }, inCode] = await Promise.all([this.#host.loadBeat(), this.#code.all()])
    const book = backend && this.#bookOf(backend)
    const now = (await book?.now()) ?? this.#host.runtime.clock.now()
    const kept = (await book?.entries()) ?? []
    const entries = [...kept, ...inCode.filter((one) => !isAmong(kept, one)).map((one) => notKept(one, now))]
    const ids = entries.map(({ progress }) => progress?.value.last?.id ?? '')
    const records = (await backend?.results.get(ids)) ?? []
    return entries
      .map((entry, at) => toScheduleInfo(entry, records[at], nextTicks, now, next))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async #setPaused(name: string, paused: boolean): Promise<void> {
    const book = await this.#book(`schedules.${paused ? 'pause' : 'resume'}()`)
    await this.#change(book, name, async (entry) => {
      if (!entry) throw unknown(name)
      return await book.pause(entry.schedule, paused)
    })
  }

  /** Reads and writes until nobody came in between. */
  async #change(
    book: ScheduleBook,
    name: string,
    write: (entry: ScheduleEntry | undefined) => Promise<boolean>,
  ): Promise<void> {
    while (!(await write(await book.entry(name))));
  }

  async #book(feature: string): Promise<ScheduleBook> {
    return this.#bookOf(needBackend(await this.#host.runtime.connect(), feature))
  }

  #bookOf(backend: Backend): ScheduleBook {
    return new ScheduleBook(backend.state, () => serviceNow(this.#host.runtime.clock, backend))
  }
}

/** The store may decide about it: no running code does. */
function isFree({ schedule, orphaned }: ScheduleEntry): boolean {
  return schedule.value.source === 'store' || orphaned
}

function isAmong(entries: readonly ScheduleEntry[], { name }: ScheduleDefinition): boolean {
  return entries.some(({ schedule }) => schedule.value.name === name)
}

/** One of the code's that no beat has seen yet. */
function notKept(definition: ScheduleDefinition, now: number): ScheduleEntry {
  const value: StoredSchedule = { v: 1, ...definition, source: 'code', paused: false, since: now }
  return {
    schedule: { value, version: 0 } satisfies Kept<StoredSchedule>,
    progress: undefined,
    orphaned: false,
  }
}

function unknown(name: string): TqError {
  return new TqError('UNKNOWN_SCHEDULE', `There is no schedule '${name}'.`, { details: { name } })
}

function inCode(name: string, instead: string): TqError {
  return new TqError(
    'SCHEDULE_IN_CODE',
    `Schedule '${name}' is defined in the code of a running beat. ${instead}.`,
    {
      details: { name },
    },
  )
}
