import { randomUUID } from 'node:crypto'
import type { App, TaskFilter } from '@tq/core'
import { toProblem } from '../http/problem.ts'
import { explainOutage } from '../http/unreachable.ts'
import { describeFilter } from '../reads/task-filter.ts'
import type { BulkJob } from '../wire/records.ts'

/** Of those that have ended, so many are remembered. */
const mostRemembered = 20

interface Job {
  told: BulkJob
  readonly stop: AbortController
}

/** Actions on all tasks that match a filter: they go on when the page is closed, and end with this process. */
export class BulkJobs {
  readonly #app: App<unknown>
  readonly #jobs = new Map<string, Job>()

  constructor(app: App<unknown>) {
    this.#app = app
  }

  list(): readonly BulkJob[] {
    return [...this.#jobs.values()].map(({ told }) => told).reverse()
  }

  get(id: string): BulkJob | undefined {
    return this.#jobs.get(id)?.told
  }

  /** Tasks sent from now on are not meant, however long it takes. */
  start(action: BulkJob['action'], asked: TaskFilter, total: number | null, by: string): BulkJob {
    const startedAt = Date.now()
    const before = asked.to && asked.to.getTime() < startedAt ? asked.to : new Date(startedAt + 1_000)
    const filter = { ...asked, to: before }
    const told: BulkJob = {
      id: randomUUID(),
      action,
      what: describeFilter(asked),
      by,
      state: 'running',
      done: 0,
      refused: 0,
      total,
      startedAt,
    }
    const job: Job = { told, stop: new AbortController() }
    this.#jobs.set(told.id, job)
    this.#forgetOld()
    void this.#run(job, filter)
    return told
  }

  /** What was done stays done. Returns whether it was running. */
  stop(id: string): boolean {
    const job = this.#jobs.get(id)
    if (job?.told.state !== 'running') return false
    job.stop.abort()
    return true
  }

  stopAll(): void {
    for (const id of this.#jobs.keys()) this.stop(id)
  }

  async #run(job: Job, filter: TaskFilter): Promise<void> {
    const { action, by } = job.told
    const options = { by, signal: job.stop.signal }
    const { state: _, ...others } = filter
    const { control } = this.#app
    const walk = action === 'retry' ? control.retryAll(others, options) : control.revokeAll(filter, options)
    try {
      for await (const { done, succeeded } of walk)
        job.told = { ...job.told, done: succeeded, refused: done - succeeded }
      const state = job.stop.signal.aborted ? 'stopped' : 'complete'
      job.told = { ...job.told, state, endedAt: Date.now() }
    } catch (error) {
      const { problem } = toProblem(await explainOutage(this.#app, error))
      job.told = { ...job.told, state: 'failed', problem, endedAt: Date.now() }
    }
  }

  #forgetOld(): void {
    const ended = [...this.#jobs.values()].filter(({ told }) => told.state !== 'running')
    for (const { told } of ended.slice(0, Math.max(0, ended.length - mostRemembered)))
      this.#jobs.delete(told.id)
  }
}
