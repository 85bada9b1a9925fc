import type { Millis } from '../contracts/time.ts'
import { keepResult } from '../runtime/large-results.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'
import { type AttemptSettings, attempt, type TakeHandler } from './attempt.ts'
import { inlineHandler, withMiddleware } from './handler.ts'
import { ProcessPool } from './isolate/process-pool.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'
import type { RunContext } from './run-context.ts'
import { SuspectStarts } from './suspect-starts.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** Closing waits this long for what was counted to be stored. */
const lastCountMs: Millis = 1_000

/** Of the longest value that a backend keeps, something is left for the rest of the record. */
const restOfRecordBytes = 16_384

/** Runs tasks: here, or in a process of their own. */
export class Attempts {
  readonly #runtime: Runtime
  readonly #settings: AttemptSettings
  readonly #pool: ProcessPool
  readonly #inline: TakeHandler
  readonly #isolated: TakeHandler
  readonly #starts: SuspectStarts

  constructor(
    runtime: Runtime,
    connection: Connection,
    { modules }: Pick<ResolvedWorkerOptions, 'modules'>,
    loader: string | undefined,
  ) {
    const { backend, payloads } = connection
    const maxResultBytes =
      (backend?.capabilities.maxValueBytes ?? Number.POSITIVE_INFINITY) - restOfRecordBytes
    this.#settings = {
      clock: runtime.clock,
      time: connection.time,
      maxResultBytes,
      aboveBytes: Math.min(payloads.aboveBytes, maxResultBytes / 3),
      ...(payloads.on && backend ? { keepResult: resultKeeper(runtime, connection) } : {}),
    }
    this.#runtime = runtime
    this.#starts = new SuspectStarts(runtime, connection)
    const pool = new ProcessPool(modules, loader, runtime.logger)
    this.#pool = pool
    const inline = withMiddleware(runtime.settings.runMiddleware, inlineHandler)
    this.#inline = () => inline
    // The middleware runs in the child, around the handler, where its context is.
    this.#isolated = () => pool.take()
  }

  /** Whether a task can have a process of its own. */
  get isolates(): boolean {
    return this.#pool.usable
  }

  /** What became of it; never rejects. */
  run(job: Job, context: RunContext): Promise<Outcome> {
    return job.suspect ? this.#runSuspect(job, context) : this.#attempt(job, context)
  }

  async #runSuspect(job: Job, context: RunContext): Promise<Outcome> {
    const refusal = await this.#starts.refusal(job)
    if (refusal) return refusal
    if (job.lost) {
      // Taken away while its start was counted: it has not run here.
      this.#starts.survived(job)
      return { type: 'lost' }
    }
    const outcome = await this.#attempt(job, context)
    if (!job.lost) this.#starts.survived(job)
    return outcome
  }

  #attempt(job: Job, context: RunContext): Promise<Outcome> {
    const isolated = job.task.policy.isolate === 'process' || (job.suspect && this.#pool.usable)
    return attempt(this.#settings, job, context, isolated ? this.#isolated : this.#inline)
  }

  /** It runs on, and is given back by a worker that it has not taken down. */
  survived(job: Job): void {
    if (job.suspect) this.#starts.survived(job)
  }

  async close(hurry: AbortSignal): Promise<void> {
    this.#pool.close()
    const stored = new AbortController()
    const late = sleep(this.#runtime.clock, lastCountMs, AbortSignal.any([hurry, stored.signal]))
    await Promise.race([this.#starts.drain(), late])
    stored.abort()
  }
}

/** Results that are too large for their records are kept as long as those. */
function resultKeeper({ settings }: Runtime, { payloads }: Connection) {
  return ({ envelope: { id, generation }, task }: Job, value: unknown) => {
    const ttlMs = Math.max(task.policy.successTtlMs, settings.history.expiresMs)
    return keepResult(payloads, id, generation, value, ttlMs)
  }
}
