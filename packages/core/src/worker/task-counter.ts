import type { StateStore } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { bucketOf } from '../runtime/run-times.ts'
import { addCounts, type CountedEnd, hourMs, minuteMs } from '../runtime/task-counts.ts'
import type { WorkerRates } from '../runtime/worker-list.ts'
import type { TaskTotals } from './health/metrics-text.ts'

type Fields = Record<string, number>

interface OfTask extends TaskTotals {
  readonly ends: Record<CountedEnd, number>
  runtimeMs: number
  readonly buckets: (number | undefined)[]
}

/** Rates are of about this long. */
const rateMs: Millis = 10_000
const noRates: WorkerRates = { started: 0, succeeded: 0, failed: 0, retried: 0 }

/**
 * Counts what happens to tasks, in memory; written to the store with the heartbeat, so that a task costs a few
 * additions. What a worker that dies had not written yet is not counted.
 */
export class TaskCounter {
  /** Since the worker started. */
  readonly totals = { started: 0, succeeded: 0, failed: 0, retried: 0, revoked: 0 }
  readonly #clock: Clock
  /** Not written yet; and what was. */
  #tasks = new Map<string, OfTask>()
  readonly #written = new Map<string, OfTask>()
  #hour: Fields = {}
  #hourWrittenAt: Millis
  #seen = { ...noRates }
  #seenAt: Millis
  #rates = noRates

  constructor(clock: Clock) {
    this.#clock = clock
    this.#hourWrittenAt = clock.monotonic()
    this.#seenAt = clock.monotonic()
  }

  get rates(): WorkerRates {
    return this.#rates
  }

  started(): void {
    this.totals.started++
  }

  ended(task: string, end: CountedEnd, runtimeMs: Millis): void {
    this.totals[end]++
    const known = ofTask(this.#tasks, task)
    known.ends[end]++
    // What never ran has no run time.
    if (end === 'revoked' && runtimeMs === 0) return
    known.runtimeMs += runtimeMs
    const bucket = bucketOf(runtimeMs)
    known.buckets[bucket] = (known.buckets[bucket] ?? 0) + 1
  }

  /** All since the worker started, by task. */
  byTask(): ReadonlyMap<string, TaskTotals> {
    const all = new Map<string, OfTask>()
    for (const part of [this.#written, this.#tasks]) addAll(all, part)
    return all
  }

  /** Once per heartbeat: a moving average. */
  measure(): void {
    const now = this.#clock.monotonic()
    const ms = now - this.#seenAt
    if (ms <= 0) return
    const weight = 1 - Math.exp(-ms / rateMs)
    const rate = (name: keyof WorkerRates) => {
      const current = ((this.totals[name] - this.#seen[name]) * 1_000) / ms
      return Math.round((this.#rates[name] + (current - this.#rates[name]) * weight) * 100) / 100
    }
    this.#rates = {
      started: rate('started'),
      succeeded: rate('succeeded'),
      failed: rate('failed'),
      retried: rate('retried'),
    }
    const { started, succeeded, failed, retried } = this.totals
    this.#seen = { started, succeeded, failed, retried }
    this.#seenAt = now
  }

  /** Adds what was counted since the last time to the store's minutes and, once a minute, to its hours. */
  async write(state: StateStore, last: boolean): Promise<void> {
    const now = this.#clock.now()
    const minute = this.#take()
    if (minute) await addCounts(state, minuteMs, now, minute)
    const due = last || this.#clock.monotonic() - this.#hourWrittenAt >= minuteMs
    const hour = this.#hour
    if (!due || Object.keys(hour).length === 0) return
    this.#hour = {}
    this.#hourWrittenAt = this.#clock.monotonic()
    await addCounts(state, hourMs, now, hour)
  }

  #take(): Fields | undefined {
    if (this.#tasks.size === 0) return undefined
    const fields: Fields = {}
    for (const [task, { ends, runtimeMs, buckets }] of this.#tasks) {
      for (const [end, count] of Object.entries(ends)) if (count > 0) fields[`${end}:${task}`] = count
      if (runtimeMs > 0) fields[`ms:${task}`] = Math.round(runtimeMs * 1_000) / 1_000
      for (const [bucket, count] of buckets.entries()) if (count) fields[`b${bucket}:${task}`] = count
    }
    addAll(this.#written, this.#tasks)
    this.#tasks = new Map()
    for (const [name, value] of Object.entries(fields)) this.#hour[name] = (this.#hour[name] ?? 0) + value
    return fields
  }
}

function ofTask(tasks: Map<string, OfTask>, name: string): OfTask {
  const known = tasks.get(name)
  if (known) return known
  const fresh: OfTask = {
    ends: { succeeded: 0, failed: 0, retried: 0, revoked: 0 },
    runtimeMs: 0,
    buckets: [],
  }
  tasks.set(name, fresh)
  return fresh
}

function addAll(sums: Map<string, OfTask>, more: ReadonlyMap<string, OfTask>): void {
  for (const [name, { ends, runtimeMs, buckets }] of more) {
    const sum = ofTask(sums, name)
    for (const [end, count] of Object.entries(ends) as [CountedEnd, number][]) sum.ends[end] += count
    sum.runtimeMs += runtimeMs
    for (const [bucket, count] of buckets.entries())
      if (count) sum.buckets[bucket] = (sum.buckets[bucket] ?? 0) + count
  }
}
