import type { TaskRecord } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import type { RecordDetail } from '../runtime/record-detail.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { toldOf, withTold } from '../runtime/told-detail.ts'
import type { ActiveRun } from './active-run.ts'

/** How often it looks, and how long a task runs before it is worth a STARTED. */
const everyMs: Millis = 100
/** Writes STARTED and progress of running tasks, in one batch per round; no-op tasks never pay for it. */
export class RunReporter {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #active: ReadonlySet<ActiveRun>
  readonly #worker: string
  #cancelTimer: (() => void) | undefined
  #stopped = false

  constructor(runtime: Runtime, connection: Connection, active: ReadonlySet<ActiveRun>, worker: string) {
    this.#runtime = runtime
    this.#connection = connection
    this.#active = active
    this.#worker = worker
  }

  /** A run has started: look at it soon. */
  wake(): void {
    if (!this.#cancelTimer && this.#connection.backend) this.#plan()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer?.()
  }

  #plan(): void {
    this.#cancelTimer = undefined
    if (this.#stopped || this.#active.size === 0) return
    this.#cancelTimer = this.#runtime.clock.setTimer(everyMs, () => void this.#round(), { background: true })
  }

  async #round(): Promise<void> {
    const now = this.#runtime.clock.monotonic()
    const due = [...this.#active].filter(
      (run) =>
        !run.decided &&
        !run.job.lost &&
        (run.context.progressDirty || (!run.announced && now - run.startedTick >= everyMs)),
    )
    try {
      if (due.length > 0) await this.#connection.backend?.results.put(due.map((run) => this.#record(run)))
    } catch (error) {
      this.#runtime.logger.debug('STARTED and progress could not be written', { error: String(error) })
    }
    this.#plan()
  }

  #record(run: ActiveRun): TaskRecord {
    const { envelope, input, queue, epoch } = run.job
    run.announced = true
    run.context.progressDirty = false
    const detail: RecordDetail = {
      sentAt: envelope.sentAt,
      startedAt: run.startedAt,
      worker: this.#worker,
      ...(run.context.lastProgress ? { progress: run.context.lastProgress } : {}),
      ...(envelope.failures ? { attempts: envelope.failures } : {}),
    }
    return {
      id: envelope.id,
      name: envelope.task,
      queue,
      state: 'STARTED',
      generation: envelope.generation,
      attempt: envelope.attempt,
      epoch,
      updatedAt: this.#runtime.clock.now(),
      detail: withTold(
        JSON.stringify(detail),
        toldOf(envelope, input, this.#runtime.settings.history) + (run.context.lines?.told ?? ''),
      ),
      ttlMs: lateCopiesMs,
      markMs: lateCopiesMs,
    }
  }
}
