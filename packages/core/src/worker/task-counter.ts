import type { StateStore } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { bucketOf } from '../runtime/run-times.ts'
import { addCounts, type CountedEnd, hourMs, minuteMs } from '../runtime/task-counts.ts'
import type { WorkerRates } from '../runtime/worker-list.ts'

type Fields = Record<string, number>

interface OfTask {
  readonly ends: Record<CountedEnd, number>
  runtimeMs: number
  readonly buckets: number[]
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
  #tasks = new Map<string, OfTask>()
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
    let known = this.#tasks.get(task)
    if (!known) {
      known = { ends: { succeeded: 0, failed: 0, retried: 0, revoked: 0 }, runtimeMs: 0, buckets: [] }
      this.#tasks.set(task, known)
    }
    known.ends[end]++
    // What never ran has no run time.
    if (end === 'revoked' && runtimeMs === 0) return
    known.runtimeMs += runtimeMs
    const bucket = bucketOf(runtimeMs)
    known.buckets[bucket] = (known.buckets[bucket] ?? 0) + 1
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
    this.#tasks = new Map()
    for (const [name, value] of Object.entries(fields)) this.#hour[name] = (this.#hour[name] ?? 0) + value
    return fields
  }
}
